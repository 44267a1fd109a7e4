// CholeskyProduct: Cholesky factors onto covariance matrices.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/bijector.hpp>

namespace tapir::vi {

/// y = x x', x = cholesky(y); log_det = n log 2 + sum_i (n + 1 - i) log x_ii, of the densities of lower
/// triangles. `inverse(CholeskyProduct{})` takes a covariance to its factor.
///
/// log_det is taken from the factor's diagonal in both directions.
///
///   shapes  x [.., n, n], lower triangular, -> y [.., n, n]
///   source  Muirhead 1982, theorem 2.1.9
struct CholeskyProduct {
  static constexpr std::string_view name = "CholeskyProduct";
  Ranks ranks() const { return {2, 2}; }
  Support domain() const { return Support::lower_cholesky; }
  Support codomain() const { return Support::positive_definite; }
  template <class F>
  CholeskyProduct each(F&&) const {
    return *this;
  }

  Var forward(Arg x) const;
  Var inverse(Arg y) const;
  Var log_det(Arg x, Arg y) const;
};

}  // namespace tapir::vi
