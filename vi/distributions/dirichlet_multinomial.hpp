// DirichletMultinomial: multinomial counts of probabilities from a Dirichlet law.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// How many of N = total_count trials fall into each of n categories whose probabilities are from
/// Dirichlet{concentration}, floating.
/// log p(x) = log N! + log Gamma(A) - log Gamma(N + A) + sum (log Gamma(x_i + a_i) - log Gamma(a_i) - log
/// x_i!), a = concentration, A = sum a,  x whole, of sum N
///
///   shapes    concentration [.., n], total_count [..], x [.., n]: the last axis is a value's own; those
///             before broadcast
///   gradient  of log p: by a_i digamma(x_i + a_i) - digamma(a_i) - digamma(N + A) + digamma(A); not
///             pathwise, and the support moves with total_count
///   domain    concentration > 0, whole 0 <= total_count <= 2^53
///   errors    "[DirichletMultinomial] x is f64[2]; its last axis has to be of 3"
struct DirichletMultinomial {
  Var concentration = 1.0, total_count = 1.0;

  static constexpr std::string_view name = "DirichletMultinomial";
  static constexpr bool pathwise = false;

  /// n
  Index count(Where where = here()) const;
  Shape own_shape() const { return {count()}; }
  Support support() const { return Support::count_vector(total_count); }
  template <class F>
  DirichletMultinomial each(F&& f) const {
    return {.concentration = f(ParameterInfo{"concentration", Support::positive, 1}, concentration),
            .total_count = f(ParameterInfo{"total_count", Support::total_count()}, total_count)};
  }

  /// By the logits of its multinomial counts: all Gamma variables may be below every number.
  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  /// By losses that are never negative, and Stirling's rests: nothing cancels for large totals or
  /// concentrations.
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  Var variance(Where where = here()) const;
  /// All values, where total_count is a plain number and they are at most 10^5.
  std::optional<Var> enumerate(Where where = here()) const;
};

}  // namespace tapir::vi
