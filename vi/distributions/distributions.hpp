// All laws.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/distributions/asymmetric_laplace.hpp>
#include <tapir/vi/distributions/bernoulli.hpp>
#include <tapir/vi/distributions/categorical.hpp>
#include <tapir/vi/distributions/cauchy.hpp>
#include <tapir/vi/distributions/continuous_bernoulli.hpp>
#include <tapir/vi/distributions/delta.hpp>
#include <tapir/vi/distributions/discrete_uniform.hpp>
#include <tapir/vi/distributions/exponential.hpp>
#include <tapir/vi/distributions/generalized_pareto.hpp>
#include <tapir/vi/distributions/geometric.hpp>
#include <tapir/vi/distributions/gumbel.hpp>
#include <tapir/vi/distributions/half_cauchy.hpp>
#include <tapir/vi/distributions/half_normal.hpp>
#include <tapir/vi/distributions/iid.hpp>
#include <tapir/vi/distributions/kumaraswamy.hpp>
#include <tapir/vi/distributions/laplace.hpp>
#include <tapir/vi/distributions/log_normal.hpp>
#include <tapir/vi/distributions/logistic.hpp>
#include <tapir/vi/distributions/logit_normal.hpp>
#include <tapir/vi/distributions/multivariate_normal.hpp>
#include <tapir/vi/distributions/normal.hpp>
#include <tapir/vi/distributions/one_hot_categorical.hpp>
#include <tapir/vi/distributions/pareto.hpp>
#include <tapir/vi/distributions/relaxed_bernoulli.hpp>
#include <tapir/vi/distributions/relaxed_one_hot_categorical.hpp>
#include <tapir/vi/distributions/transformed.hpp>
#include <tapir/vi/distributions/triangular.hpp>
#include <tapir/vi/distributions/truncated_normal.hpp>
#include <tapir/vi/distributions/uniform.hpp>
#include <tapir/vi/distributions/weibull.hpp>
