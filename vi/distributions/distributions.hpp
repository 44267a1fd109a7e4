// All laws.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/distributions/bernoulli.hpp>
#include <tapir/vi/distributions/categorical.hpp>
#include <tapir/vi/distributions/iid.hpp>
#include <tapir/vi/distributions/normal.hpp>
#include <tapir/vi/distributions/transformed.hpp>
