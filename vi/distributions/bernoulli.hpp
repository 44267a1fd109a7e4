// Bernoulli: a coin.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// A coin: 1 with probability sigmoid(logits), else 0; in the logits' dtype.   log p(x) = x logits - softplus(logits)
///
///   shapes    logits, x broadcast together
///   gradient  of log p: by logits x - sigmoid(logits); not pathwise
///   domain    any logits; infinite ones are a coin that always falls alike
struct Bernoulli {
  Var logits = 0.0;

  /// logits = log p - log(1 - p).
  ///
  ///   errors  "[Bernoulli] probs is 1.5, needs to lie in [0, 1]"
  static Bernoulli probs(Arg p);

  static constexpr std::string_view name = "Bernoulli";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = false;

  Support support() const { return Support::boolean; }
  template <class F>
  Bernoulli each(F&& f) const {
    return {.logits = f(ParameterInfo{"logits", Support::extended_real}, logits)};
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  Var variance(Where where = here()) const;
  Var entropy(Where where = here()) const;
  /// 0 and 1.
  Var cdf(Arg x) const;
  Var icdf(Arg p) const;
  Var enumerate(Where where = here()) const;
};

/// KL(p || q) = sum over x of p(x) (log p(x) - log q(x)), where p(x) = 0 adds nothing.
///
///   shapes  the logits broadcast together
///   domain  inf where q excludes what p does not
Var kl(const Bernoulli& p, const Bernoulli& q, Where where = here());

}  // namespace tapir::vi
