// Laplace: two exponential laws back to back.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// Laplace.   log p(x) = -|x - loc|/scale - log(2 scale)
///
///   shapes    loc, scale, x broadcast together
///   gradient  pathwise in loc, scale: dx = dloc + z dscale, z = (x - loc)/scale
///   domain    scale > 0
struct Laplace {
  Var loc = 0.0, scale = 1.0;

  static constexpr std::string_view name = "Laplace";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::real; }
  template <class F>
  Laplace each(F&& f) const {
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

/// KL(p || q) = (s e^(-d/s) + d)/t - 1 + log(t/s), d = |p.loc - q.loc|, s = p.scale, t = q.scale.
///
///   shapes  the parameters broadcast together
Var kl(const Laplace& p, const Laplace& q, Where where = here());

}  // namespace tapir::vi
