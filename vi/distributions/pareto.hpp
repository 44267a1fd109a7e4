// Pareto: a power law above a threshold.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// scale e^(e/concentration), e standard exponential.
/// log p(x) = log a - log x - a log(x/scale),  a = concentration, x >= scale
///
///   shapes    scale, concentration, x broadcast together
///   gradient  pathwise in scale, concentration: dx = x (dscale/scale - log(x/scale)
///             dconcentration/concentration)
///   domain    scale > 0, concentration > 0; moments below the order `concentration` exist, the mean and the
///             variance are inf otherwise
struct Pareto {
  Var scale = 1.0, concentration = 1.0;

  static constexpr std::string_view name = "Pareto";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::at_least(scale); }
  template <class F>
  Pareto each(F&& f) const {
    return {.scale = f(ParameterInfo{"scale", Support::positive}, scale),
            .concentration = f(ParameterInfo{"concentration", Support::positive}, concentration)};
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

/// KL(p || q) = a log(p.scale/q.scale) + r - 1 - log r, a = q.concentration, r = a/p.concentration.
///
///   shapes  the parameters broadcast together
///   domain  inf where p.scale < q.scale
Var kl(const Pareto& p, const Pareto& q, Where where = here());

}  // namespace tapir::vi
