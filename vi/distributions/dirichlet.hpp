// Dirichlet: probabilities of several categories.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// log p(x) = sum (a_i - 1) log x_i + log Gamma(A) - sum log Gamma(a_i),  x in the simplex,
/// a = concentration, A = sum a
///
///   shapes    concentration [.., n], the last axis is consumed; x [.., n] broadcasts with it
///   gradient  pathwise: x is softmax of n log Gamma variables;
///             of log p: by a_i log x_i + digamma(A) - digamma(a_i)
///   domain    concentration > 0; where some x_i = 0 the density counts as 0
///   errors    "[Dirichlet] x is f64[2]; its last axis has to be of 3"
struct Dirichlet {
  Var concentration = 1.0;

  static constexpr std::string_view name = "Dirichlet";
  static constexpr bool pathwise = true;

  /// n
  Index count(Where where = here()) const;
  Shape own_shape() const { return {count()}; }
  Support support() const { return Support::simplex; }
  template <class F>
  Dirichlet each(F&& f) const {
    return {.concentration = f(ParameterInfo{"concentration", Support::positive, 1}, concentration)};
  }

  /// In log space: all Gamma variables may be below every number. Shares that are become the smallest
  /// normal one.
  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  /// By the ratios of x_i to their means: nothing cancels for large concentrations.
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  Var variance(Where where = here()) const;
  Var entropy(Where where = here()) const;
};

/// KL(p || q) = E_p[log p - log q], E_p log x_i = digamma(a_i) - digamma(A); in terms that do not cancel.
///
///   shapes  the concentrations broadcast together, without their last axis
///   errors  "[kl] Dirichlets over 3 and 4 categories"
Var kl(const Dirichlet& p, const Dirichlet& q, Where where = here());

}  // namespace tapir::vi
