// GammaPoisson: Poisson counts of a rate that is a gamma variable.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// Poisson counts whose rate is from Gamma{concentration, rate}: 0, 1, 2, .., floating. It is
/// NegativeBinomial of logits -log rate.
/// log p(x) = log Gamma(x + a) - log Gamma(a) - log x! + a log rate - (x + a) log(1 + rate), a =
/// concentration
///
///   shapes    concentration, rate, x broadcast together
///   gradient  of log p: by concentration digamma(x + a) - digamma(a) - log(1 + 1/rate),
///             by rate a/rate - (x + a)/(1 + rate); not pathwise
///   domain    concentration > 0, rate > 0
struct GammaPoisson {
  Var concentration = 1.0, rate = 1.0;

  static constexpr std::string_view name = "GammaPoisson";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = false;

  Support support() const { return Support::count; }
  template <class F>
  GammaPoisson each(F&& f) const {
    return {.concentration = f(ParameterInfo{"concentration", Support::positive}, concentration),
            .rate = f(ParameterInfo{"rate", Support::positive}, rate)};
  }

  /// By its Poisson count. A rate that would leave the range of the dtype stops before.
  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  Var variance(Where where = here()) const;
  Var cdf(Arg x) const;
  Var icdf(Arg p) const;
  Var log_cdf(Arg x) const;
  Var log_sf(Arg x) const;
  Var isf(Arg q) const;
};

}  // namespace tapir::vi
