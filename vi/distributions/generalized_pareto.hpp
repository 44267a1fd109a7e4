// GeneralizedPareto: excesses over a threshold.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// Excesses over a threshold.   log p(x) = -log scale - (1 + 1/k) log(1 + k z),  z = (x - loc)/scale >= 0,
/// k = concentration; -log scale - z at k = 0
///
///   shapes    loc, scale, concentration, x broadcast together
///   gradient  pathwise in loc, scale, concentration, by the inverse distribution function; smooth at k = 0
///   domain    scale > 0; x < loc - scale/k where k < 0. Moments below the order 1/k exist, the mean and the
///             variance are inf otherwise
struct GeneralizedPareto {
  Var loc = 0.0, scale = 1.0, concentration = 0.0;

  static constexpr std::string_view name = "GeneralizedPareto";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  /// From loc on; where the concentration is negative, to loc - scale/concentration. With a recorded
  /// concentration, whose sign is not known, it moves with all parameters.
  Support support() const;
  template <class F>
  GeneralizedPareto each(F&& f) const {
    return {.loc = f(ParameterInfo{"loc", Support::real}, loc),
            .scale = f(ParameterInfo{"scale", Support::positive}, scale),
            .concentration = f(ParameterInfo{"concentration", Support::real}, concentration)};
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  Var variance(Where where = here()) const;
  Var entropy(Where where = here()) const;
  Var cdf(Arg x) const;
  Var icdf(Arg p) const;
  Var log_cdf(Arg x) const;
  Var log_sf(Arg x) const;
  Var isf(Arg q) const;
};

}  // namespace tapir::vi
