// Logistic: the law whose distribution function is the sigmoid.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// Logistic.   log p(x) = log sigmoid(z) + log sigmoid(-z) - log scale, z = (x - loc)/scale
///
///   shapes    loc, scale, x broadcast together
///   gradient  pathwise in loc, scale: dx = dloc + z dscale
///   domain    scale > 0
struct Logistic {
  Var loc = 0.0, scale = 1.0;

  static constexpr std::string_view name = "Logistic";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::real; }
  template <class F>
  Logistic each(F&& f) const {
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

}  // namespace tapir::vi
