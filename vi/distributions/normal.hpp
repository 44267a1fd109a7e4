// Normal: the Gaussian law.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

struct Gumbel;
struct Laplace;

/// Gaussian.   log p(x) = -((x - loc)/scale)^2 / 2 - log scale - log(2 pi)/2
///
///   shapes    loc, scale, x broadcast together
///   gradient  pathwise in loc, scale: dx = dloc + z dscale, z = (x - loc)/scale;
///             of log p: by x -z/scale, by loc z/scale, by scale (z^2 - 1)/scale
///   domain    scale > 0
struct Normal {
  Var loc = 0.0, scale = 1.0;

  static constexpr std::string_view name = "Normal";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::real; }
  template <class F>
  Normal each(F&& f) const {
    return {.loc = f(ParameterInfo{"loc", Support::real}, loc),
            .scale = f(ParameterInfo{"scale", Support::positive}, scale)};
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  Var variance(Where where = here()) const;
  Var entropy(Where where = here()) const;
  /// erfc(-z / sqrt 2) / 2: accurate in the lower tail.
  Var cdf(Arg x) const;
  Var icdf(Arg p) const;
  Var log_cdf(Arg x) const;
  Var log_sf(Arg x) const;
  Var isf(Arg q) const;
};

/// KL(p || q) = (r^2 + d^2 - 1)/2 - log r, r = p.scale/q.scale, d = (p.loc - q.loc)/q.scale: for a standard normal q,
/// -log s + (s^2 + m^2 - 1)/2.
///
///   shapes  the parameters broadcast together
Var kl(const Normal& p, const Normal& q, Where where = here());
/// With r = p.scale/q.scale: r E|z + d| - log r + log 2 - log(2 pi e)/2, z standard normal, d = (p.loc - q.loc)/p.scale;
/// d + e^(r^2/2 - d) - log r - log(2 pi e)/2, d = (p.loc - q.loc)/q.scale.
Var kl(const Normal& p, const Laplace& q, Where where = here());
Var kl(const Normal& p, const Gumbel& q, Where where = here());

}  // namespace tapir::vi
