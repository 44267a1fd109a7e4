// OneHotCategorical: one of several, as a vector.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// One of n categories, as a vector of one 1 among zeros, in the logits' dtype.
/// log p(x) = sum x log softmax(logits)
///
///   shapes    logits [.., n], x [.., n]: the last axis is a value's own; those before broadcast
///   gradient  of log p: by logits x - softmax(logits); not pathwise
///   domain    logits < inf, not all -inf; -inf excludes a category
struct OneHotCategorical {
  Var logits = 0.0;

  /// logits = log p; p need not be normalised.
  ///
  ///   errors  "[OneHotCategorical] probs is -0.5 at [0] of f64[3], needs to lie in [0, 1]"
  static OneHotCategorical probs(Arg p);

  static constexpr std::string_view name = "OneHotCategorical";
  static constexpr bool pathwise = false;

  /// n
  Index count(Where where = here()) const;
  Shape own_shape() const { return {count()}; }
  Support support() const { return Support::one_hot; }
  template <class F>
  OneHotCategorical each(F&& f) const {
    return {.logits = f(ParameterInfo{"logits", Support::log_weights, 1}, logits)};
  }

  /// The categories that Categorical draws from the same key.
  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  Var variance(Where where = here()) const;
  Var entropy(Where where = here()) const;
  /// The unit vectors, in the order of the categories.
  Var enumerate(Where where = here()) const;
};

/// That of the categories.
///
///   shapes  the logits broadcast together, without their last axis
///   domain  inf where q excludes what p does not
///   errors  "[kl] categoricals over 3 and 4 categories"
Var kl(const OneHotCategorical& p, const OneHotCategorical& q, Where where = here());

}  // namespace tapir::vi
