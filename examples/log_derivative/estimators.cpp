// The list of estimators: one line each.
// SPDX-License-Identifier: BSD-3-Clause
#include "log_derivative/estimators.hpp"

#include <numeric>
#include <utility>

namespace tapir::examples {

EstimatorOf always(Estimator estimator) {
  return [estimator = std::move(estimator)](const Var&) { return estimator; };
}

Estimator fixed_sample() { return {.name = "fixed sample"}; }

std::vector<NamedEstimator> estimators_of_shifted(const ExactGradients& exact, double offset) {
  constexpr Index copies = 4;
  const double log_p = std::accumulate(exact.value.begin(), exact.value.end(), 0.0);
  const double cost = -(log_p / static_cast<double>(exact.value.size()) + offset);
  return {{"reparameterized", always(Pathwise{})},
          {"no baseline", always(ScoreFunction{Baseline::none()})},
          {"constant", always(ScoreFunction{Baseline::constant(cost)})},
          {"running mean", always(ScoreFunction{Baseline::running_mean()})},
          {"leave-one-out", always(ScoreFunction{Baseline::leave_one_out(copies)}), copies}};
}

std::vector<NamedEstimator> estimators(const Problem& problem, const ExactGradients& exact,
                                       std::uint64_t seed) {
  auto list = estimators_of_shifted(exact, 0.0);
  list.push_back({"learned", learned_baseline(problem, seed)});
  return list;
}

}  // namespace tapir::examples
