// HalfCauchy: the size of a centred Cauchy.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// |x|, x Cauchy about 0.   log p(x) = -log(1 + (x/scale)^2) - log scale + log(2/pi),  x >= 0
///
///   shapes    scale, x broadcast together
///   gradient  pathwise in scale: dx = x/scale dscale
///   domain    scale > 0; no moment exists
struct HalfCauchy {
  Var scale = 1.0;

  static constexpr std::string_view name = "HalfCauchy";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::nonnegative; }
  template <class F>
  HalfCauchy each(F&& f) const {
    return {.scale = f(ParameterInfo{"scale", Support::positive}, scale)};
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

}  // namespace tapir::vi
