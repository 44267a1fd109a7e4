// CorrelationCholesky: free vectors onto Cholesky factors of correlation matrices.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/bijector.hpp>

namespace tapir::vi {

/// Row i breaks a squared length of 1: z = tanh x below the diagonal, y_ij = z_ij times the length that is
/// left, r_ij = prod_{k<j} sqrt(1 - z_ik^2), and the diagonal takes the rest. log_det = sum_{i>j} log(1 -
/// z_ij^2) + log r_ij, of the density of the elements below the diagonal.
///
/// Lengths are running sums of log(1 - tanh^2), taken from x: exact where z is rounded to 1. The inverse
/// measures what is left from the end of the row, x = asinh(y_ij / r_i,j+1), and keeps its digits in both
/// tails; it squares y, so what is left must exceed 1e-154 (f32: 1e-19), |x| up to 177 (f32: 22).
///
///   shapes  x [.., n (n - 1) / 2] -> y [.., n, n], n >= 1
///   errors  "[CorrelationCholesky] x has 4 elements; a triangle has 0, 1, 3, 6, .. below its diagonal"
///   source  Stan reference manual, Cholesky factors of correlation matrices; Lewandowski, Kurowicka & Joe
///           2009
struct CorrelationCholesky {
  static constexpr std::string_view name = "CorrelationCholesky";
  Ranks ranks() const { return {1, 2}; }
  Support domain() const { return Support::real; }
  Support codomain() const { return Support::correlation_cholesky; }
  template <class F>
  CorrelationCholesky each(F&&) const {
    return *this;
  }
  Shape forward_shape(const Shape& x, Where where) const;
  Shape inverse_shape(const Shape& y, Where where) const;

  Var forward(Arg x) const;
  Var inverse(Arg y) const;
  ValueAndLogDet forward_and_log_det(Arg x) const;
  ValueAndLogDet inverse_and_log_det(Arg y) const;
};

}  // namespace tapir::vi
