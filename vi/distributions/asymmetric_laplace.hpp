// AsymmetricLaplace: two exponential laws of different scales, back to back.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// log p(x) = -|x - loc|/s - log(left + right), s = left below loc, right above it; left = scale asymmetry,
/// right = scale/asymmetry
///
///   shapes    loc, scale, asymmetry, x broadcast together
///   gradient  pathwise in loc, scale, asymmetry, by the inverse distribution function
///   domain    scale > 0, asymmetry > 0
///   source    Kotz, Kozubowski & Podgorski 2001
struct AsymmetricLaplace {
  Var loc = 0.0, scale = 1.0, asymmetry = 1.0;

  static constexpr std::string_view name = "AsymmetricLaplace";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::real; }
  template <class F>
  AsymmetricLaplace each(F&& f) const {
    return {.loc = f(ParameterInfo{"loc", Support::real}, loc),
            .scale = f(ParameterInfo{"scale", Support::positive}, scale),
            .asymmetry = f(ParameterInfo{"asymmetry", Support::positive}, asymmetry)};
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
