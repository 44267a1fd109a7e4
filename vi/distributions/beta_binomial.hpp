// BetaBinomial: binomial counts of a probability that is a beta variable.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// The successes among n = total_count trials whose probability is from Beta{concentration1, concentration0}:
/// 0, 1, .. n, floating.
/// log p(x) = log n! - log x! - log (n - x)! + log B(x + a, n - x + b) - log B(a, b),
/// a = concentration1, b = concentration0
///
///   shapes    concentration1, concentration0, total_count, x broadcast together
///   gradient  of log p: by a digamma(x + a) - digamma(a) - digamma(n + a + b) + digamma(a + b), by b the
///             same of n - x; not pathwise, and the support moves with total_count
///   domain    concentration1 > 0, concentration0 > 0, whole 0 <= total_count <= 2^53
struct BetaBinomial {
  Var concentration1 = 1.0, concentration0 = 1.0, total_count = 1.0;

  static constexpr std::string_view name = "BetaBinomial";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = false;

  Support support() const { return Support::whole_interval(0, total_count); }
  template <class F>
  BetaBinomial each(F&& f) const {
    return {.concentration1 = f(ParameterInfo{"concentration1", Support::positive}, concentration1),
            .concentration0 = f(ParameterInfo{"concentration0", Support::positive}, concentration0),
            .total_count = f(ParameterInfo{"total_count", Support::total_count()}, total_count)};
  }

  /// By the logits of its binomial count: both Gamma variables may be below every number.
  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  /// By losses that are never negative, and Stirling's rests: nothing cancels for large totals or
  /// concentrations.
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  Var variance(Where where = here()) const;
  /// 0, .., n
  ///
  ///   errors  "[BetaBinomial] total_count is recorded; the values can be listed only if it is plain"
  ///           "[BetaBinomial] total_count is f64[2]: not all elements have the same values to list"
  Var enumerate(Where where = here()) const;
};

}  // namespace tapir::vi
