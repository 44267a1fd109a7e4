// StickBreaking, SoftmaxCentred: free vectors onto simplices.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/bijector.hpp>

namespace tapir::vi {

/// Breaks a stick of length 1 n times: y_k = z_k times what is left, z_k = sigmoid(x_k - log(n + 1 - k)), and
/// the last one takes the rest; x = 0 gives equal parts.
///
/// All of it is a sum of log sigmoids: log y keeps its digits where y underflows, and log_det = sum over all
/// n + 1 of log y, of the density of the first n elements. The inverse divides by the sum of what comes after
/// an element, not by 1 less what came before: a coordinate of 1e-30 is as exact as one of 0.3. A coordinate
/// of 0 has no preimage.
///
///   shapes  x [.., n] -> y [.., n + 1]
///   source  Stan reference manual, unit simplex
struct StickBreaking {
  static constexpr std::string_view name = "StickBreaking";
  Ranks ranks() const { return {1, 1}; }
  Support domain() const { return Support::real; }
  Support codomain() const { return Support::simplex; }
  template <class F>
  StickBreaking each(F&&) const {
    return *this;
  }
  Shape forward_shape(const Shape& x, Where where) const;
  Shape inverse_shape(const Shape& y, Where where) const;
  /// Simplices with a coordinate of 0 too.
  Var excludes(Arg y) const;

  Var forward(Arg x) const;
  Var inverse(Arg y) const;
  ValueAndLogDet forward_and_log_det(Arg x) const;
  ValueAndLogDet inverse_and_log_det(Arg y) const;
};

/// y = softmax of (x_1, .., x_n, 0), x_k = log y_k - log y_{n+1}: unlike StickBreaking, all but the last
/// element are alike. log_det = sum over all n + 1 of log y, of the density of the first n elements; taken
/// from log_softmax, it keeps its digits where y underflows.
///
///   shapes  x [.., n] -> y [.., n + 1]
struct SoftmaxCentred {
  static constexpr std::string_view name = "SoftmaxCentred";
  Ranks ranks() const { return {1, 1}; }
  Support domain() const { return Support::real; }
  Support codomain() const { return Support::simplex; }
  template <class F>
  SoftmaxCentred each(F&&) const {
    return *this;
  }
  Shape forward_shape(const Shape& x, Where where) const;
  Shape inverse_shape(const Shape& y, Where where) const;
  /// Simplices with a coordinate of 0 too.
  Var excludes(Arg y) const;

  Var forward(Arg x) const;
  Var inverse(Arg y) const;
  ValueAndLogDet forward_and_log_det(Arg x) const;
  ValueAndLogDet inverse_and_log_det(Arg y) const;
};

}  // namespace tapir::vi
