// Cauchy: a bell without moments.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// Cauchy.   log p(x) = -log(1 + z^2) - log scale - log pi, z = (x - loc)/scale
///
///   shapes    loc, scale, x broadcast together
///   gradient  pathwise in loc, scale: dx = dloc + z dscale
///   domain    scale > 0; no moment exists
struct Cauchy {
  Var loc = 0.0, scale = 1.0;

  static constexpr std::string_view name = "Cauchy";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::real; }
  template <class F>
  Cauchy each(F&& f) const {
    return {.loc = f(ParameterInfo{"loc", Support::real}, loc),
            .scale = f(ParameterInfo{"scale", Support::positive}, scale)};
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var entropy(Where where = here()) const;
  Var cdf(Arg x) const;
  Var icdf(Arg p) const;
  Var log_cdf(Arg x) const;
  Var log_sf(Arg x) const;
  Var isf(Arg q) const;
};

/// KL(p || q) = log(((s + t)^2 + d^2) / (4 s t)), d = p.loc - q.loc, s = p.scale, t = q.scale.
///
///   shapes  the parameters broadcast together
///   source  Chyzak & Nielsen 2019, "A closed-form formula for the Kullback-Leibler divergence between Cauchy
///           distributions"
Var kl(const Cauchy& p, const Cauchy& q, Where where = here());

}  // namespace tapir::vi
