// LKJCholesky: correlation matrices, by their Cholesky factors.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// The Cholesky factor L of an n x n correlation matrix R whose density is proportional to |R|^(concentration
/// - 1): uniform at concentration 1, near the identity above.
/// log p(L) = sum_{i=1}^{n-1} 2 (b_i - 1) log L_ii - log B(b_i, i/2) + log Gamma(i/2) - i log(pi)/2,
/// b_i = concentration + (n - 1 - i)/2, rows counted from 0; of the elements below the diagonal
///
/// Rows are independent: that below row 0 of length i lies in a ball, its square a Beta{i/2, b_i} variable.
///
///   shapes    concentration [..], L [.., n, n]
///   gradient  pathwise in concentration: a row is i normal numbers and the root of twice a Gamma{b_i}
///             variable, divided by their norm; of log p by L: along the set. log L_ii is taken from the
///             elements left of it where they are the smaller part
///   domain    concentration > 0; dimension n >= 1
///   errors    "[LKJCholesky] dimension is 0; it has to be at least 1"
///             "[LKJCholesky] x is f64[2]; its last axes have to be [3,3]"
///   source    Lewandowski, Kurowicka & Joe 2009, the onion method; Stan functions reference,
///             lkj_corr_cholesky
struct LKJCholesky {
  Index dimension = 2;
  Var concentration = 1.0;

  static constexpr std::string_view name = "LKJCholesky";
  static constexpr bool pathwise = true;

  Shape own_shape() const { return {dimension, dimension}; }
  Support support() const { return Support::correlation_cholesky; }
  template <class F>
  LKJCholesky each(F&& f) const {
    return {.dimension = dimension,
            .concentration = f(ParameterInfo{"concentration", Support::positive}, concentration)};
  }

  /// A diagonal element below every number is the smallest normal one.
  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  Var entropy(Where where = here()) const;
};

}  // namespace tapir::vi
