// NegativeBinomial: counts that vary more than Poisson's.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// A Poisson count whose rate is from Gamma{concentration, e^-logits}: 0, 1, 2, .., floating. It is that
/// of events of probability sigmoid(logits) before there have been `concentration` others.
/// log p(x) = log Gamma(x + r) - log Gamma(r) - log x! + x log sigmoid(logits) + r log sigmoid(-logits),
/// r = concentration
///
///   shapes    concentration, logits, x broadcast together
///   gradient  of log p: by concentration digamma(x + r) - digamma(r) - softplus(logits),
///             by logits x sigmoid(-logits) - r sigmoid(logits); not pathwise
///   domain    concentration > 0, finite logits
struct NegativeBinomial {
  Var concentration = 1.0, logits = 0.0;

  /// logits = log p - log(1 - p).
  ///
  ///   errors  "[NegativeBinomial] probs is 1.5, needs to lie in [0, 1]"
  static NegativeBinomial probs(Arg concentration, Arg p);
  /// logits = log(mean/concentration): of variance mean + mean^2/concentration.
  ///
  ///   errors  "[NegativeBinomial] mean is -1, needs to be positive"
  static NegativeBinomial with_mean(Arg mean, Arg concentration);

  static constexpr std::string_view name = "NegativeBinomial";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = false;

  Support support() const { return Support::count; }
  template <class F>
  NegativeBinomial each(F&& f) const {
    return {.concentration = f(ParameterInfo{"concentration", Support::positive}, concentration),
            .logits = f(ParameterInfo{"logits", Support::real}, logits)};
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
