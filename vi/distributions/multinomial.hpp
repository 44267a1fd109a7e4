// Multinomial: how many of a number of trials fall into each category.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// How many of total_count trials fall into each of n categories of probabilities p = softmax(logits),
/// floating.
/// log p(x) = log total_count! + sum (x_i log p_i - log x_i!),  x whole, of sum total_count
///
///   shapes    total_count [..], logits [.., n], x [.., n]: the last axis is a value's own; those before
///             broadcast
///   gradient  of log p: by logits x - total_count p; not pathwise, and the support moves with total_count
///   domain    whole 0 <= total_count <= 2^53; logits < inf, not all -inf; -inf excludes a category
///   errors    "[Multinomial] x is f64[2]; its last axis has to be of 3"
struct Multinomial {
  Var total_count = 1.0, logits = 0.0;

  /// logits = log p; p need not be normalised.
  ///
  ///   errors  "[Multinomial] probs is -0.5 at [0] of f64[3], needs to lie in [0, 1]"
  static Multinomial probs(Arg total_count, Arg p);

  static constexpr std::string_view name = "Multinomial";
  static constexpr bool pathwise = false;

  /// n
  Index count(Where where = here()) const;
  Shape own_shape() const { return {count()}; }
  Support support() const { return Support::count_vector(total_count); }
  template <class F>
  Multinomial each(F&& f) const {
    return {.total_count = f(ParameterInfo{"total_count", Support::total_count()}, total_count),
            .logits = f(ParameterInfo{"logits", Support::log_weights, 1}, logits)};
  }

  /// Category by category: a binomial count of what is left.
  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  Var variance(Where where = here()) const;
  /// All values, where total_count is a plain number and they are at most 10^5.
  std::optional<Var> enumerate(Where where = here()) const;
};

/// KL(p || q) = total_count KL of one trial.
///
///   shapes  the parameters broadcast together, the logits without their last axis
///   domain  inf where q excludes what p does not: another total_count, too
///   errors  "[kl] Multinomials over 3 and 4 categories"
Var kl(const Multinomial& p, const Multinomial& q, Where where = here());

}  // namespace tapir::vi
