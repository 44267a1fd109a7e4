// InverseGaussian: when a Brownian motion with drift first passes a level.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// Of mean m and variance m^3/c.   log p(x) = log(c/(2 pi x^3))/2 - c (x - m)^2/(2 m^2 x),  x > 0,
/// m = loc, c = concentration
///
///   shapes    loc, concentration, x broadcast together
///   gradient  pathwise in both, the implicit one: x = loc y, dlog y = (1 - 2 sqrt(a y)/h) dlog a, a = c/m,
///             h = normal_hazard(sqrt(a/y) (1 + y))
///   domain    loc > 0, concentration > 0; at x = 0 the density counts as 0
struct InverseGaussian {
  Var loc = 1.0, concentration = 1.0;

  static constexpr std::string_view name = "InverseGaussian";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::positive; }
  template <class F>
  InverseGaussian each(F&& f) const {
    return {.loc = f(ParameterInfo{"loc", Support::positive}, loc),
            .concentration = f(ParameterInfo{"concentration", Support::positive}, concentration)};
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  Var variance(Where where = here()) const;
  /// log(2 pi m^3/c)/2 + 1/2 - 3/2 e^t E1(t), t = 2 c/m.
  Var entropy(Where where = here()) const;
  /// Phi(a) + phi(a)/h(b), a and b = sqrt(c/x) (x/m -+ 1): without the overflow of exp(2 c/m).
  Var cdf(Arg x) const;
};

/// KL(p || q) = (r - 1 - log r)/2 + q.c (p.m - q.m)^2/(2 q.m^2 p.m), r = q.c/p.c.
///
///   shapes  the parameters broadcast together
Var kl(const InverseGaussian& p, const InverseGaussian& q, Where where = here());

}  // namespace tapir::vi
