// ZeroSum: free arrays onto arrays whose sums are 0.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/bijector.hpp>

namespace tapir::vi {

/// Along each of the last `axes` axes, n - 1 numbers of sum S become n of sum 0: y_i = x_i - S/(n + sqrt n),
/// and the last is -S/sqrt n. Lengths and angles stay, so log_det is 0: of the volume of the subspace, see
/// Support::zero_sum.
///
///   shapes  x [.., n - 1, ..] -> y [.., n, ..]
///   errors  "[ZeroSum] y has an axis of 1; it has to be of at least 2"
///   source  the reflection of Householder that takes the last direction to (-1, .., -1)/sqrt n
struct ZeroSum {
  int axes = 1;

  static constexpr std::string_view name = "ZeroSum";
  Ranks ranks() const { return {axes, axes}; }
  Support domain() const { return Support::real; }
  Support codomain() const { return Support::zero_sum(axes); }
  template <class F>
  ZeroSum each(F&&) const {
    return *this;
  }
  bool is_like(const ZeroSum& other) const { return axes == other.axes; }
  Shape forward_shape(const Shape& x, Where where) const;
  Shape inverse_shape(const Shape& y, Where where) const;

  Var forward(Arg x) const;
  Var inverse(Arg y) const;
  Var log_det(Arg, Arg) const { return 0.0; }
};

}  // namespace tapir::vi
