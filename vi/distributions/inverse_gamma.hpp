// InverseGamma: one over a Gamma; variances.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// scale / y, y from Gamma{concentration, 1}.
/// log p(x) = a log scale - (a + 1) log x - scale/x - log Gamma(a),  x > 0, a = concentration
///
///   shapes    concentration, scale, x broadcast together
///   gradient  pathwise in both: dx = x (dscale/scale - log_gamma_slope(a, log(scale/x)) da)
///   domain    concentration > 0, scale > 0; at x = 0 the density counts as 0
struct InverseGamma {
  Var concentration = 1.0, scale = 1.0;

  static constexpr std::string_view name = "InverseGamma";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::positive; }
  template <class F>
  InverseGamma each(F&& f) const {
    return {.concentration = f(ParameterInfo{"concentration", Support::positive}, concentration),
            .scale = f(ParameterInfo{"scale", Support::positive}, scale)};
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  /// inf for concentration <= 1
  Var mean(Where where = here()) const;
  /// inf for concentration <= 2
  Var variance(Where where = here()) const;
  Var entropy(Where where = here()) const;
  Var cdf(Arg x) const;
  Var icdf(Arg p) const;
  Var log_cdf(Arg x) const;
  Var log_sf(Arg x) const;
  Var isf(Arg q) const;
};

/// That of the Gammas with these scales as rates.
///
///   shapes  the parameters broadcast together
Var kl(const InverseGamma& p, const InverseGamma& q, Where where = here());

}  // namespace tapir::vi
