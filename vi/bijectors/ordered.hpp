// Ordered, PositiveOrdered: free vectors onto ascending ones.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/bijector.hpp>

namespace tapir::vi {

/// Ascending: y_1 = x_1, y_k = y_{k-1} + exp(x_k); x_k = log(y_k - y_{k-1}); log_det = x_2 + .. + x_n.
///
/// A step below the rounding of y is lost in y, not in log_det; f32 is summed in double.
///
///   shapes  x [.., n] -> y [.., n], n >= 1
///   source  Stan reference manual, ordered vector
struct Ordered {
  static constexpr std::string_view name = "Ordered";
  Ranks ranks() const { return {1, 1}; }
  Support domain() const { return Support::real; }
  Support codomain() const { return Support::ordered; }
  template <class F>
  Ordered each(F&&) const {
    return *this;
  }

  Var forward(Arg x) const;
  Var inverse(Arg y) const;
  Var log_det(Arg x, Arg y) const;
};

/// Ascending and positive: y_k = exp(x_1) + .. + exp(x_k); log_det = x_1 + .. + x_n.
///
///   shapes  x [.., n] -> y [.., n], n >= 1
///   source  Stan reference manual, positive ordered vector
struct PositiveOrdered {
  static constexpr std::string_view name = "PositiveOrdered";
  Ranks ranks() const { return {1, 1}; }
  Support domain() const { return Support::real; }
  Support codomain() const { return Support::positive_ordered; }
  template <class F>
  PositiveOrdered each(F&&) const {
    return *this;
  }

  Var forward(Arg x) const;
  Var inverse(Arg y) const;
  Var log_det(Arg x, Arg y) const;
};

}  // namespace tapir::vi
