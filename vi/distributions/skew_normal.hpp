// SkewNormal: a Gaussian that leans to one side.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// loc + scale (d |m| + sqrt(1 - d^2) n), m and n standard normal, d = a/sqrt(1 + a^2), a = skewness.
/// log p(x) = log 2 - z^2/2 - log scale - log(2 pi)/2 + log Phi(a z),  z = (x - loc)/scale
///
///   shapes    loc, scale, skewness, x broadcast together
///   gradient  pathwise in loc, scale, skewness, through m and n
///   domain    scale > 0; no entropy in closed form
///   source    Azzalini 1985, "A class of distributions which includes the normal ones"
struct SkewNormal {
  Var loc = 0.0, scale = 1.0, skewness = 0.0;

  static constexpr std::string_view name = "SkewNormal";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::real; }
  template <class F>
  SkewNormal each(F&& f) const {
    return {.loc = f(ParameterInfo{"loc", Support::real}, loc),
            .scale = f(ParameterInfo{"scale", Support::positive}, scale),
            .skewness = f(ParameterInfo{"skewness", Support::real}, skewness)};
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  Var variance(Where where = here()) const;
  /// Phi(z) - 2 owens_t(z, a): to 1e-15, not to digits of its own in the tail that the skewness cuts off.
  Var cdf(Arg x) const;
};

}  // namespace tapir::vi
