// The estimators that are compared.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "log_derivative/draws.hpp"

namespace tapir::examples {

struct NamedEstimator {
  std::string name;
  EstimatorOf estimator;
  double draws = 1.0;  // of t, that one estimate is made of
};

/// The same for all images.
EstimatorOf always(Estimator estimator);

/// The gradient moved inside the expectation: a draw, cut from what it was drawn from. Wrong.
Estimator fixed_sample();

/// The reparameterized one first, then the log-derivative one without and with baselines. A learned baseline is fitted
/// to the problem here.
std::vector<NamedEstimator> estimators(const Problem& problem, const ExactGradients& exact,
                                       std::uint64_t seed);

/// Those that make sense whatever is added to log p(x | t).
std::vector<NamedEstimator> estimators_of_shifted(const ExactGradients& exact, double offset);

}  // namespace tapir::examples
