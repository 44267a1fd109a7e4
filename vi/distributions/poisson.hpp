// Poisson: the number of events in a time.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// The number of events: 0, 1, 2, .., floating.   log p(x) = x log rate - rate - log x!
///
///   shapes    rate, x broadcast together
///   gradient  of log p: by rate x/rate - 1; not pathwise
///   domain    rate > 0
struct Poisson {
  Var rate = 1.0;

  static constexpr std::string_view name = "Poisson";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = false;

  Support support() const { return Support::count; }
  template <class F>
  Poisson each(F&& f) const {
    return {.rate = f(ParameterInfo{"rate", Support::positive}, rate)};
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
};

/// KL(p || q) = p.rate log(p.rate/q.rate) - p.rate + q.rate
///
///   shapes  the rates broadcast together
Var kl(const Poisson& p, const Poisson& q, Where where = here());

}  // namespace tapir::vi
