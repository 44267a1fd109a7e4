// Categorical: one of several.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// One of n categories, an i64 index.   log p(x) = logits[x] - logsumexp(logits)
///
///   shapes    logits [.., n], the last axis is consumed; x broadcasts with the axes before it
///   gradient  of log p: by logits one_hot(x) - softmax(logits); not pathwise
///   domain    logits < inf, not all -inf; -inf excludes a category
struct Categorical {
  Var logits = 0.0;

  /// logits = log p; p need not be normalised.
  ///
  ///   errors  "[Categorical] probs is -0.5 at [0] of f64[3], needs to lie in [0, 1]"
  ///           "[Categorical] log probs is -inf throughout, needs to be above -inf somewhere"
  static Categorical probs(Arg p);

  static constexpr std::string_view name = "Categorical";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = false;

  /// n
  Index count(Where where = here()) const;
  Support support() const { return Support::category(count()); }
  template <class F>
  Categorical each(F&& f) const {
    return {.logits = f(ParameterInfo{"logits", Support::log_weights, 1}, logits)};
  }

  /// By the inverse distribution function: one uniform draw for each value.
  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var entropy(Where where = here()) const;
  /// 0, 1, .. n-1
  Var enumerate(Where where = here()) const;
};

/// KL(p || q) = sum over x of p(x) (log p(x) - log q(x)), where p(x) = 0 adds nothing.
///
///   shapes  the logits broadcast together, without their last axis
///   domain  inf where q excludes what p does not
///   errors  "[kl] categoricals over 3 and 4 categories"
Var kl(const Categorical& p, const Categorical& q, Where where = here());

}  // namespace tapir::vi
