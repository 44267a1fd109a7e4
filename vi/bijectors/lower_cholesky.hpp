// LowerCholesky: free vectors onto Cholesky factors.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/bijector.hpp>

namespace tapir::vi {

/// x fills the lower triangle row by row; its elements on the diagonal are exponentiated. log_det is their
/// sum.
///
///   shapes  x [.., n (n + 1) / 2] -> y [.., n, n]
///   errors  "[LowerCholesky] x has 4 elements; a triangle has 1, 3, 6, 10, .."
///   source  Stan reference manual, Cholesky factors of covariance matrices
struct LowerCholesky {
  static constexpr std::string_view name = "LowerCholesky";
  Ranks ranks() const { return {1, 2}; }
  Support domain() const { return Support::real; }
  Support codomain() const { return Support::lower_cholesky; }
  template <class F>
  LowerCholesky each(F&&) const {
    return *this;
  }
  Shape forward_shape(const Shape& x, Where where) const;
  Shape inverse_shape(const Shape& y, Where where) const;

  Var forward(Arg x) const;
  Var inverse(Arg y) const;
  Var log_det(Arg x, Arg y) const;
};

}  // namespace tapir::vi
