// Beta: probabilities.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// log p(x) = (a - 1) log x + (b - 1) log(1 - x) - log B(a, b),  0 < x < 1,
/// a = concentration1, b = concentration0
///
///   shapes    concentration1, concentration0, x broadcast together
///   gradient  pathwise in both: x = y/(y + z) of two Gamma variables, dx = x (1 - x) (dlog y - dlog z);
///             of log p: by a log x + digamma(a + b) - digamma(a), by b the same of 1 - x
///   domain    concentration1 > 0, concentration0 > 0; at x = 0 and x = 1 the density counts as 0
struct Beta {
  Var concentration1 = 1.0, concentration0 = 1.0;

  static constexpr std::string_view name = "Beta";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::unit_interval; }
  template <class F>
  Beta each(F&& f) const {
    return {.concentration1 = f(ParameterInfo{"concentration1", Support::positive}, concentration1),
            .concentration0 = f(ParameterInfo{"concentration0", Support::positive}, concentration0)};
  }

  /// In log space: both Gamma variables may be below every number.
  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  /// By the ratios of x and 1 - x to their means: nothing cancels for large concentrations.
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  Var variance(Where where = here()) const;
  Var entropy(Where where = here()) const;
  Var cdf(Arg x) const;
  /// With first derivatives by the concentrations, as those of the tails.
  Var icdf(Arg p) const;
  Var log_cdf(Arg x) const;
  Var log_sf(Arg x) const;
  Var isf(Arg q) const;
};

/// KL(p || q) = log(B_q/B_p) + (a - a') digamma(a) + (b - b') digamma(b) + (a' - a + b' - b) digamma(a + b),
/// a, b of p and a', b' of q; summed in terms that do not cancel.
///
///   shapes  the parameters broadcast together
Var kl(const Beta& p, const Beta& q, Where where = here());

}  // namespace tapir::vi
