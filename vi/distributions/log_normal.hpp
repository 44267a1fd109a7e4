// LogNormal: the exponential of a Gaussian.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// exp(z), z Gaussian.   log p(x) = log Normal{loc, scale}(log x) - log x,  x > 0
///
///   shapes    loc, scale, x broadcast together
///   gradient  pathwise in loc, scale: dx = x (dloc + (log x - loc)/scale dscale)
///   domain    scale > 0
struct LogNormal {
  Var loc = 0.0, scale = 1.0;

  static constexpr std::string_view name = "LogNormal";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::positive; }
  template <class F>
  LogNormal each(F&& f) const {
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

/// KL(p || q) is that of the Gaussian laws of the logarithms.
///
///   shapes  the parameters broadcast together
Var kl(const LogNormal& p, const LogNormal& q, Where where = here());

}  // namespace tapir::vi
