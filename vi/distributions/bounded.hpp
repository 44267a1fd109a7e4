// Bounded: a law of numbers and two bounds. For laws only.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/distribution.hpp>

namespace tapir::vi {

/// What Truncated and Censored hold. An infinite bound is a bare number, and no parameter.
struct Bounded {
  Distribution base;
  Var low, high;

  /// "base.loc", "low", "high", in this order; bounds of counts are counts, `apart` from each other at least.
  Bounded each(const ParameterMap& f, double apart = 0) const;
  /// Whole numbers, whose bounds are among them.
  bool is_of_counts() const { return base.support().is_discrete(); }
  /// [low, high], without an end that is infinite.
  Support between() const;
  /// The number up to which everything is less than the bound: the count before it.
  Var before(const Var& bound) const;
  /// `values`, whole numbers between two ends, for law `of`; none where an end is infinite.
  ///
  ///   errors  "[Truncated] an end is recorded; the values can be listed only if both are plain"
  ///           "[Truncated] the ends are f64[2] and f64[]: not all elements have the same values to list"
  std::optional<Var> enumerate(const Support& values, std::string_view of, Where where) const;
  /// Throws as law `of`.
  ///
  ///   errors  "[Truncated] BetaBinomial has no tails; needs log_cdf, log_sf and isf"
  void require_tails(std::string_view of, Where where) const;
};

}  // namespace tapir::vi
