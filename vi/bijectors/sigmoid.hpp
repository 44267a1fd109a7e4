// Sigmoid: real numbers onto an interval.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/bijector.hpp>

namespace tapir::vi {

/// y = low + (high - low) sigmoid(x), x = log(y - low) - log(high - y);
/// log_det = log sigmoid(x) + log sigmoid(-x) + log(high - low).
///
/// y is measured from the nearer end, so it keeps its distance to either and never leaves [low, high];
/// log_det has all its digits in both tails, also where y is rounded to an end.
///
///   shapes  low, high, x broadcast together
///   domain  all x; y reaches high where x exceeds 37 (f32: 17), and low where the distance is below low's
///           rounding
///   errors  "[Sigmoid] high is 1, needs to be greater than 2"
struct Sigmoid {
  Var low = 0.0, high = 1.0;

  static constexpr std::string_view name = "Sigmoid";
  Ranks ranks() const { return {}; }
  Support domain() const { return Support::real; }
  Support codomain() const { return Support::open_interval(low, high); }
  template <class F>
  Sigmoid each(F&& f) const {
    return {.low = f(ParameterInfo{"low", Support::real}, low),
            .high = f(ParameterInfo{"high", Support::greater_than(low)}, high)};
  }

  Var forward(Arg x) const;
  Var inverse(Arg y) const;
  Var log_det(Arg x, Arg y) const;
  Var direction(Where = here()) const { return 1.0; }
};

}  // namespace tapir::vi
