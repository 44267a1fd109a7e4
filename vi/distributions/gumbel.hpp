// Gumbel: the law of maxima.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// Gumbel, of maxima.   log p(x) = -z - e^-z - log scale, z = (x - loc)/scale
///
///   shapes    loc, scale, x broadcast together
///   gradient  pathwise in loc, scale: dx = dloc + z dscale
///   domain    scale > 0
struct Gumbel {
  Var loc = 0.0, scale = 1.0;

  static constexpr std::string_view name = "Gumbel";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::real; }
  template <class F>
  Gumbel each(F&& f) const {
    return {.loc = f(ParameterInfo{"loc", Support::real}, loc),
            .scale = f(ParameterInfo{"scale", Support::positive}, scale)};
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

/// KL(p || q) = e^t - 1 + d + euler (r - 1) - log r, r = p.scale/q.scale, d = (p.loc - q.loc)/q.scale,
/// t = log Gamma(1 + r) - d.
///
///   shapes  the parameters broadcast together
Var kl(const Gumbel& p, const Gumbel& q, Where where = here());

}  // namespace tapir::vi
