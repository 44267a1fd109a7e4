// DiscreteUniform: whole numbers of equal probability.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// The whole numbers low, .., high, floating.   log p(x) = -log(high - low + 1)
///
///   shapes    low, high, x broadcast together
///   gradient  none: not pathwise, and the support moves with both
///   domain    whole low <= high
///   errors    "[DiscreteUniform] high is 0.5, needs to be a whole number in [0, 9007199254740992]"
struct DiscreteUniform {
  Var low = 0.0, high = 1.0;

  static constexpr std::string_view name = "DiscreteUniform";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = false;

  Support support() const { return Support::whole_interval(low, high); }
  template <class F>
  DiscreteUniform each(F&& f) const {
    return {
        .low = f(ParameterInfo{"low", Support::whole_interval(-9007199254740992.0, 9007199254740992.0)}, low),
        .high = f(ParameterInfo{"high", Support::whole_interval(low, 9007199254740992.0)}, high)};
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  Var variance(Where where = here()) const;
  Var entropy(Where where = here()) const;
  Var cdf(Arg x) const;
  Var icdf(Arg p) const;
  /// low, .., high; the law's axes follow.
  ///
  ///   errors  "[DiscreteUniform] low is recorded; its values can be listed only if low and high are plain"
  ///           "[DiscreteUniform] low f64[2], high f64[]: not all elements have the same values to list"
  Var enumerate(Where where = here()) const;
};

/// KL(p || q) = log of how many more values q has.
///
///   shapes  the parameters broadcast together
///   domain  inf where q excludes what p does not
Var kl(const DiscreteUniform& p, const DiscreteUniform& q, Where where = here());

}  // namespace tapir::vi
