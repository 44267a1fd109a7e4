// All laws.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/distributions/bernoulli.hpp>
#include <tapir/vi/distributions/categorical.hpp>
#include <tapir/vi/distributions/cauchy.hpp>
#include <tapir/vi/distributions/exponential.hpp>
#include <tapir/vi/distributions/gumbel.hpp>
#include <tapir/vi/distributions/half_cauchy.hpp>
#include <tapir/vi/distributions/half_normal.hpp>
#include <tapir/vi/distributions/iid.hpp>
#include <tapir/vi/distributions/laplace.hpp>
#include <tapir/vi/distributions/logistic.hpp>
#include <tapir/vi/distributions/normal.hpp>
#include <tapir/vi/distributions/uniform.hpp>
