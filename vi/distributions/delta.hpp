// Delta: all mass at one point.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// All mass at `value`.   log p(x) = 0 at x = value, -inf elsewhere: a probability, no density
///
///   shapes    value, x broadcast together
///   gradient  pathwise in value: dx = dvalue; none of log p
///   domain    finite values
struct Delta {
  Var value = 0.0;

  static constexpr std::string_view name = "Delta";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;
  static constexpr bool atomic = true;

  /// Moves with the value.
  Support support() const { return Support::interval(value, value); }
  template <class F>
  Delta each(F&& f) const {
    return {.value = f(ParameterInfo{"value", Support::real}, value)};
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const { return stretched(value, value.shape(), where); }
  Var variance(Where where = here()) const;
  Var cdf(Arg x) const;
};

// KL(p || q) of a Delta p is -log q(value) for any law q: a guide of points is the maximum of the posterior
// density.

}  // namespace tapir::vi
