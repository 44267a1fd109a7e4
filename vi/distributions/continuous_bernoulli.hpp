// ContinuousBernoulli: a density on the unit interval in the place of a coin.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// log p(x) = logits (x - 1/2) - log(sinh(logits/2) / (logits/2)),  0 <= x <= 1: proportional to p^x (1 -
/// p)^(1 - x), logits = log p - log(1 - p)
///
///   shapes    logits, x broadcast together
///   gradient  pathwise in logits, by the inverse distribution function; smooth at 0
///   domain    finite logits
///   source    Loaiza-Ganem & Cunningham 2019
struct ContinuousBernoulli {
  Var logits = 0.0;

  /// logits = log p - log(1 - p).
  ///
  ///   errors  "[ContinuousBernoulli] probs is 1.5, needs to lie in [0, 1]"
  static ContinuousBernoulli probs(Arg p);

  static constexpr std::string_view name = "ContinuousBernoulli";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::unit_interval; }
  template <class F>
  ContinuousBernoulli each(F&& f) const {
    return {.logits = f(ParameterInfo{"logits", Support::real}, logits)};
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

/// KL(p || q), by what the laws' normalising constants and the logits differ.
///
///   shapes  the logits broadcast together
Var kl(const ContinuousBernoulli& p, const ContinuousBernoulli& q, Where where = here());

}  // namespace tapir::vi
