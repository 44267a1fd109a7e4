// Geometric: failures before the first success.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// Failures before the first success: 0, 1, 2, .., floating.   log p(x) = x log sigmoid(-logits) + log
/// sigmoid(logits)
///
///   shapes    logits, x broadcast together
///   gradient  of log p: by logits sigmoid(-logits) - x sigmoid(logits); not pathwise
///   domain    finite logits
struct Geometric {
  Var logits = 0.0;

  /// logits = log p - log(1 - p).
  ///
  ///   errors  "[Geometric] probs is 1.5, needs to lie in [0, 1]"
  static Geometric probs(Arg p);

  static constexpr std::string_view name = "Geometric";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = false;

  Support support() const { return Support::count; }
  template <class F>
  Geometric each(F&& f) const {
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

/// KL(p || q) = log(P/Q) + (1 - P)/P log((1 - P)/(1 - Q)), P and Q the probabilities of success.
///
///   shapes  the logits broadcast together
Var kl(const Geometric& p, const Geometric& q, Where where = here());

}  // namespace tapir::vi
