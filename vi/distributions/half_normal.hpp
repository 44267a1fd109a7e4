// HalfNormal: the size of a centred Gaussian.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// |x|, x Gaussian with mean 0.   log p(x) = -(x/scale)^2 / 2 - log scale + log(2/pi)/2,  x >= 0
///
///   shapes    scale, x broadcast together
///   gradient  pathwise in scale: dx = x/scale dscale
///   domain    scale > 0
struct HalfNormal {
  Var scale = 1.0;

  static constexpr std::string_view name = "HalfNormal";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::nonnegative; }
  template <class F>
  HalfNormal each(F&& f) const {
    return {.scale = f(ParameterInfo{"scale", Support::positive}, scale)};
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

/// KL(p || q) = (r^2 - 1)/2 - log r, r = p.scale/q.scale.
///
///   shapes  the parameters broadcast together
Var kl(const HalfNormal& p, const HalfNormal& q, Where where = here());

}  // namespace tapir::vi
