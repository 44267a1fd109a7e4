// Binomial: successes among a number of trials.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// The successes among n = total_count trials of probability sigmoid(logits): 0, 1, .. n, floating.
/// log p(x) = log n! - log x! - log (n - x)! + x log sigmoid(logits) + (n - x) log sigmoid(-logits)
///
///   shapes    total_count, logits, x broadcast together
///   gradient  of log p: by logits x - n sigmoid(logits); not pathwise, and the support moves with
///             total_count
///   domain    whole 0 <= total_count <= 2^53; any logits, infinite ones are trials that always fall alike
///   source    Loader 2000, "Fast and accurate computation of binomial probabilities": nothing cancels for
///             large n
struct Binomial {
  Var total_count = 1.0, logits = 0.0;

  /// logits = log p - log(1 - p).
  ///
  ///   errors  "[Binomial] probs is 1.5, needs to lie in [0, 1]"
  static Binomial probs(Arg total_count, Arg p);

  static constexpr std::string_view name = "Binomial";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = false;

  Support support() const { return Support::whole_interval(0, total_count); }
  template <class F>
  Binomial each(F&& f) const {
    return {.total_count = f(ParameterInfo{"total_count", Support::total_count()}, total_count),
            .logits = f(ParameterInfo{"logits", Support::extended_real}, logits)};
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  Var variance(Where where = here()) const;
  Var cdf(Arg x) const;
  Var icdf(Arg p) const;
  Var log_cdf(Arg x) const;
  Var log_sf(Arg x) const;
  Var isf(Arg q) const;
  /// 0, .., n
  ///
  ///   errors  "[Binomial] total_count is recorded; the values can be listed only if it is plain"
  ///           "[Binomial] total_count is f64[2]: not all elements have the same values to list"
  Var enumerate(Where where = here()) const;
};

/// KL(p || q) = n KL of one trial, n = total_count. Known where both have the same total_count, plain or one
/// value of a program, or p has the larger one: then q excludes what p does not.
///
///   shapes  the parameters broadcast together
std::optional<Var> kl(const Binomial& p, const Binomial& q, Where where = here());

}  // namespace tapir::vi
