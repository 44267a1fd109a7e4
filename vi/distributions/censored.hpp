// Censored: a law seen through an instrument that stops at two bounds.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <limits>

#include <tapir/vi/distributions/bounded.hpp>

namespace tapir::vi {

/// What is seen of a value of the base: itself between the bounds, and the bound where it lies beyond.
/// log p(x) = log P(X <= low) at low, log P(X >= high) at high, the log density between, -inf elsewhere: the likelihood of
/// a Tobit model, and of survival times that were cut off.
///
///   Censored(Weibull{s, k}, 0, end)      times up to the end of the study; infinite bounds are bare numbers
///   Censored(Poisson{rate}, 0, 10)       counts of which those from 10 on are all seen as 10
///
///   shapes    the parameters, low and high broadcast together
///   gradient  pathwise if the base is: 0 beyond a bound, the bound moves what lies there; of counts only of log p, by
///             the parameters of the base
///   domain    low < high
///   errors    "[Censored] BetaBinomial has no tails; needs log_cdf, log_sf and isf"
///             "[Censored] high is 0, needs to be greater than 1"
///   source    Tobin 1958
class Censored {
 public:
  Censored(Distribution base, Var low, Var high = std::numeric_limits<double>::infinity(),
           Where where = here());

  static constexpr std::string_view name = "Censored";
  static constexpr int own_rank = 0;
  static constexpr bool atomic = true;
  const Distribution& base() const { return of_.base; }

  bool is_pathwise() const { return of_.base.is_pathwise(); }
  Support support() const;
  template <class F>
  Censored each(F&& f) const {
    return Censored(of_.each(f, 1));
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var cdf(Arg x) const;
  /// The counts between the bounds, where their number is finite; errors as of Truncated.
  std::optional<Var> enumerate(Where where = here()) const;

 private:
  explicit Censored(Bounded of) : of_(std::move(of)) {}

  Bounded of_;
};

}  // namespace tapir::vi
