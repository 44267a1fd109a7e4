// TruncatedNormal: the Gaussian law of an interval.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// Gaussian within [low, high], either of which may be infinite.
/// log p(x) = -z^2 / 2 - log scale - log(2 pi)/2 - log(Phi(b) - Phi(a)),  low <= x <= high
/// with z, a, b = (x, low, high - loc)/scale: relative to the mode, so that nothing cancels, however far in a
/// tail and however narrow the interval is.
///
///   shapes    loc, scale, low, high, x broadcast together
///   gradient  pathwise in loc, scale, low, high, by the inverse distribution function; the support moves
///             with low and high
///   domain    scale > 0; low < high
///   errors    "[TruncatedNormal] high is 1, needs to be greater than 2"
struct TruncatedNormal {
  Var loc = 0.0, scale = 1.0, low = -1.0, high = 1.0;

  static constexpr std::string_view name = "TruncatedNormal";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  /// A plain end that is infinite everywhere is none.
  Support support() const;
  template <class F>
  TruncatedNormal each(F&& f) const {
    return {.loc = f(ParameterInfo{"loc", Support::real}, loc),
            .scale = f(ParameterInfo{"scale", Support::positive}, scale),
            .low = f(ParameterInfo{"low", Support::extended_real}, low),
            .high = f(ParameterInfo{"high", Support::between({low, HUGE_VAL, true, false})}, high)};
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  Var variance(Where where = here()) const;
  Var entropy(Where where = here()) const;
  Var cdf(Arg x) const;
  Var icdf(Arg p) const;
};

}  // namespace tapir::vi
