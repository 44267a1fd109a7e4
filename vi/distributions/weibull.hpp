// Weibull: the law of minima; a power of a waiting time.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

struct Gamma;

/// scale e^(1/concentration), e standard exponential.
/// log p(x) = log k - log x + k l - e^(k l),  l = log(x/scale), k = concentration, x > 0
///
///   shapes    scale, concentration, x broadcast together
///   gradient  pathwise in scale, concentration: dx = x (dscale/scale - l/k dconcentration)
///   domain    scale > 0, concentration > 0
struct Weibull {
  Var scale = 1.0, concentration = 1.0;

  static constexpr std::string_view name = "Weibull";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::positive; }
  template <class F>
  Weibull each(F&& f) const {
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

/// KL(p || q) = e^t - 1 - d + euler (r - 1) - log r, r = q.concentration/p.concentration,
/// d = q.concentration log(p.scale/q.scale), t = d + log Gamma(1 + r).
///
///   shapes  the parameters broadcast together
///   source  Bauckhage 2013, "Computing the Kullback-Leibler divergence between two Weibull distributions"
Var kl(const Weibull& p, const Weibull& q, Where where = here());
/// log k - 1 - euler (1 - a/k) + log Gamma(a) - a log t + t Gamma(1 + 1/k), k = p.concentration, a = q.concentration,
/// t = q.rate p.scale; summed in terms that do not cancel.
Var kl(const Weibull& p, const Gamma& q, Where where = here());

}  // namespace tapir::vi
