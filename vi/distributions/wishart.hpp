// Wishart: covariances of Gaussian samples; precisions.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// X = (L A)(L A)', L = scale_tril, A lower triangular, standard normal below the diagonal, A_ii^2
/// chi-squared of df - i degrees of freedom, i = 0, 1, .. n - 1: for a whole df the sum of df squares z z' of
/// Gaussian vectors of covariance V = L L'. Also Bartlett's decomposition.
/// log p(X) = (df - n - 1)/2 log |X| - tr(V^-1 X)/2 - df/2 log |2 V| - n(n - 1)/4 log pi
///            - sum_i log Gamma((df - i)/2), of the lower triangle of X
///
///   shapes    df [..], scale_tril [.., n, n], X [.., n, n]
///   gradient  pathwise in df, scale_tril: by df through the diagonal of A
///   domain    df > n - 1; L lower triangular, positive on the diagonal; what a recorded one has above it is
///             not read. The symmetric part of X counts
///   errors    "[Wishart] df is 1, needs to be greater than 2"
///             "[Wishart] scale_tril is f64[2,3]; it has to be square"
///             "[Wishart] x is f64[2]; its last axes have to be [3,3]"
///   source    Muirhead 1982, theorems 3.2.1 and 3.2.14
struct Wishart {
  Var df = 1.0, scale_tril = 1.0;

  static constexpr std::string_view name = "Wishart";
  static constexpr bool pathwise = true;

  /// n
  Index count(Where where = here()) const;
  Shape own_shape() const { return {count(), count()}; }
  Support support() const { return Support::positive_definite; }
  template <class F>
  Wishart each(F&& f) const {
    const Index n = scale_tril.rank() > 0 ? scale_tril.shape().back() : 1;
    return {.df = f(ParameterInfo{"df", Support::greater_than(static_cast<double>(n - 1))}, df),
            .scale_tril = f(ParameterInfo{"scale_tril", Support::lower_cholesky, 2}, scale_tril)};
  }

  /// A draw that rounds to a singular matrix has its diagonal stretched by 8 n (n + 1) eps, which makes it
  /// positive definite; eps is 2^-52 in f64 and 2^-23 in f32.
  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  /// By the ratios of the diagonal of A to its means: nothing cancels for large df.
  Var log_prob(Arg x) const;
  /// df V
  Var mean(Where where = here()) const;
  /// df (V_ij^2 + V_ii V_jj)
  Var variance(Where where = here()) const;
  Var entropy(Where where = here()) const;
};

/// KL(p || q) = sum_i KL(Gamma{(p.df - i)/2, 1} || Gamma{(q.df - i)/2, R_ii^2}) + i/2 (R_ii^2 - 1 - 2 log
/// R_ii) + p.df/2 |R|^2 below the diagonal, q.L R = p.L: terms of one sign.
///
///   shapes  the parameters' leading axes broadcast together
///   errors  "[kl] matrices of 3 and 2 rows"
Var kl(const Wishart& p, const Wishart& q, Where where = here());

}  // namespace tapir::vi
