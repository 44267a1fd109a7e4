// VonMises: the Gaussian law of angles.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// An angle.   log p(x) = k cos(x - loc) - log I0(k) - log(2 pi),  -pi <= x <= pi, k = concentration
///
///   shapes    loc, concentration, x broadcast together
///   gradient  pathwise in both, along the circle: dx = dloc + von_mises_slope(x - loc, k) dk. Exact for functions of
///             the angle alone, f(cos x, sin x). Where a function jumps between pi and -pi, it leaves out the jump
///             times the flow over it, p(pi) dloc: it says 1 of d E x/dloc, which is 1 - 2 pi p(pi). Take the
///             ScoreFunction for those; a Mixture of angles has no path
///   domain    concentration >= 0; loc may be any number; angles have to be in [-pi, pi]
struct VonMises {
  Var loc = 0.0, concentration = 1.0;

  static constexpr std::string_view name = "VonMises";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;
  static constexpr bool circular = true;

  Support support() const { return Support::interval(-3.14159265358979323846, 3.14159265358979323846); }
  template <class F>
  VonMises each(F&& f) const {
    return {.loc = f(ParameterInfo{"loc", Support::real}, loc),
            .concentration = f(ParameterInfo{"concentration", Support::nonnegative}, concentration)};
  }

  /// In [-pi, pi).
  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  /// -2 k sin((x - loc)/2)^2 - log(e^-k I0(k)) - log(2 pi): nothing cancels for large k.
  Var log_prob(Arg x) const;
  /// The mean direction: loc as an angle in [-pi, pi).
  Var mean(Where where = here()) const;
  /// The circular variance, E(1 - cos(x - loc)) = 1 - I1(k)/I0(k).
  Var variance(Where where = here()) const;
  Var entropy(Where where = here()) const;
  Var cdf(Arg x) const;
};

/// KL(p || q) = log(I0(l)/I0(k)) + A(k) (k - l cos(p.loc - q.loc)), k of p, l of q, A = I1/I0.
///
///   shapes  the parameters broadcast together
Var kl(const VonMises& p, const VonMises& q, Where where = here());

}  // namespace tapir::vi
