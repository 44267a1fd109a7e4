// Gamma: waiting times of many events; precisions.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

struct Chi2;
struct Gumbel;
struct Weibull;

/// log p(x) = a log rate + (a - 1) log x - rate x - log Gamma(a),  x > 0, a = concentration
///
///   shapes    concentration, rate, x broadcast together
///   gradient  pathwise in both: dx = x (log_gamma_slope(a, log(rate x)) da - drate/rate), the implicit one;
///             of log p: by concentration log(rate x) - digamma(a), by rate a/rate - x
///   domain    concentration > 0, rate > 0; at x = 0 the density counts as 0
///   source    Figurnov, Mohamed & Mnih 2018
struct Gamma {
  Var concentration = 1.0, rate = 1.0;

  static constexpr std::string_view name = "Gamma";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::positive; }
  template <class F>
  Gamma each(F&& f) const {
    return {.concentration = f(ParameterInfo{"concentration", Support::positive}, concentration),
            .rate = f(ParameterInfo{"rate", Support::positive}, rate)};
  }

  /// A draw that is below every number is the smallest normal one.
  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  /// -log x - a (m - 1 - log m) + stirling_rest(a), m = rate x / a: nothing cancels for large a.
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  Var variance(Where where = here()) const;
  Var entropy(Where where = here()) const;
  Var cdf(Arg x) const;
  /// With first derivatives by the concentration, as those of the tails.
  Var icdf(Arg p) const;
  Var log_cdf(Arg x) const;
  Var log_sf(Arg x) const;
  Var isf(Arg q) const;
};

/// KL(p || q) = (a - b) digamma(a) - log Gamma(a) + log Gamma(b) + b log(p.rate/q.rate)
/// + a (q.rate/p.rate - 1), a = p.concentration, b = q.concentration; summed in terms that do not cancel.
///
///   shapes  the parameters broadcast together
Var kl(const Gamma& p, const Gamma& q, Where where = here());
/// As of Gamma{q.df/2, 1/2}.
Var kl(const Gamma& p, const Chi2& q, Where where = here());
/// With a = p.concentration, k = q.concentration, s = p.rate q.scale: k (log s - digamma(a)) - log k + a (digamma(a) - 1)
/// - log Gamma(a) + Gamma(a + k)/Gamma(a) s^-k.
Var kl(const Gamma& p, const Weibull& q, Where where = here());
/// E (x - loc)/scale + log scale - entropy + e^(loc/scale) (1 + 1/(rate scale))^-concentration.
Var kl(const Gamma& p, const Gumbel& q, Where where = here());

}  // namespace tapir::vi
