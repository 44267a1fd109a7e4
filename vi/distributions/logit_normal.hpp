// LogitNormal: the sigmoid of a Gaussian.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// sigmoid(z), z Gaussian.   log p(x) = log Normal{loc, scale}(logit x) - log x - log(1 - x),  0 < x < 1
///
///   shapes    loc, scale, x broadcast together
///   gradient  pathwise in loc, scale: dx = x (1 - x) (dloc + (logit x - loc)/scale dscale)
///   domain    scale > 0; at x = 0 and x = 1 the density is 0
struct LogitNormal {
  Var loc = 0.0, scale = 1.0;

  static constexpr std::string_view name = "LogitNormal";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::unit_interval; }
  template <class F>
  LogitNormal each(F&& f) const {
    return {.loc = f(ParameterInfo{"loc", Support::real}, loc),
            .scale = f(ParameterInfo{"scale", Support::positive}, scale)};
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var cdf(Arg x) const;
  Var icdf(Arg p) const;
  Var log_cdf(Arg x) const;
  Var log_sf(Arg x) const;
  Var isf(Arg q) const;
};

}  // namespace tapir::vi
