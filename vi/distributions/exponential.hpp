// Exponential: waiting times without memory.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

struct Chi2;
struct Gamma;
struct Gumbel;
struct Weibull;

/// Exponential.   log p(x) = log rate - rate x,  x >= 0
///
///   shapes    rate, x broadcast together
///   gradient  pathwise in rate: dx = -x/rate drate
///   domain    rate > 0
struct Exponential {
  Var rate = 1.0;

  static constexpr std::string_view name = "Exponential";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::nonnegative; }
  template <class F>
  Exponential each(F&& f) const {
    return {.rate = f(ParameterInfo{"rate", Support::positive}, rate)};
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  Var variance(Where where = here()) const;
  Var entropy(Where where = here()) const;
  Var cdf(Arg x) const;
  Var icdf(Arg p) const;
  Var log_cdf(Arg x) const;
  Var log_sf(Arg x) const;
  Var isf(Arg q) const;
};

/// KL(p || q) = r - 1 - log r, r = q.rate/p.rate.
///
///   shapes  the parameters broadcast together
Var kl(const Exponential& p, const Exponential& q, Where where = here());
/// As Gamma{1, rate} and Weibull{1/rate, 1}.
Var kl(const Exponential& p, const Gamma& q, Where where = here());
Var kl(const Exponential& p, const Chi2& q, Where where = here());
Var kl(const Exponential& p, const Weibull& q, Where where = here());
Var kl(const Exponential& p, const Gumbel& q, Where where = here());

}  // namespace tapir::vi
