// Truncated: a law, given that its value lies between two bounds.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <limits>

#include <tapir/vi/distributions/bounded.hpp>

namespace tapir::vi {

/// The law of x given low <= x <= high.   log p(x) = log p(x) - log P(low <= X <= high)
///
///   Truncated(Cauchy{0, 2}, 0)                  the upper half
///   Truncated(StudentT{4, m, s}, low, high)     infinite bounds are bare numbers
///
///   Truncated(Poisson{rate}, 1)                 counts from 1 on: the bounds of counts are counts, both included
///
/// For a Normal, TruncatedNormal is exact however far out the bounds are.
///
///   shapes    the parameters, low and high broadcast together
///   gradient  pathwise in all of them if the base is, through the inverse distribution function; of counts only of
///             log p, by the parameters of the base
///   domain    low < high, of counts low <= high; log p = -inf outside. The probability between the bounds is a
///             difference in the tail where it is larger relative to it: digits are lost as the bounds come closer
///             together. Where its logarithm is -inf log p is NaN; draws are NaN where it is below the smallest number
///   errors    "[Truncated] BetaBinomial has no tails; needs log_cdf, log_sf and isf"
///             "[Truncated] Exponential has no probability between the bounds -2 and -1"
///             "[Truncated] high is 0, needs to be greater than 1"
class Truncated {
 public:
  Truncated(Distribution base, Var low, Var high = std::numeric_limits<double>::infinity(),
            Where where = here());

  static constexpr std::string_view name = "Truncated";
  static constexpr int own_rank = 0;
  const Distribution& base() const { return of_.base; }
  const Var& low() const { return of_.low; }
  const Var& high() const { return of_.high; }

  bool is_pathwise() const { return of_.base.is_pathwise(); }
  Support support() const;
  template <class F>
  Truncated each(F&& f) const {
    return Truncated(of_.each(f));
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var cdf(Arg x) const;
  Var icdf(Arg p) const;
  /// The counts between the bounds, where their number is finite.
  ///
  ///   errors  "[Truncated] an end is recorded; the values can be listed only if both are plain"
  ///           "[Truncated] the ends are f64[2] and f64[]: not all elements have the same values to list"
  std::optional<Var> enumerate(Where where = here()) const;

 private:
  struct Between;
  explicit Truncated(Bounded of) : of_(std::move(of)) {}

  Bounded of_;
};

}  // namespace tapir::vi
