// Permutation: the elements of a vector in another order.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include <tapir/vi/bijector.hpp>

namespace tapir::vi {

/// y_i = x[order[i]]; log_det = 0.
///
///   shapes  x [.., n] -> y [.., n]
///   errors  "[Permutation] order has 3 numbers, a point is [4]"
///           "[Permutation] order has 1 twice"; "[Permutation] order has 3, it has to be less than 3"
struct Permutation {
  std::vector<Index> order = {};

  static constexpr std::string_view name = "Permutation";
  Ranks ranks() const { return {1, 1}; }
  Support domain() const { return Support::real; }
  Support codomain() const { return Support::real; }
  template <class F>
  Permutation each(F&&) const {
    return *this;
  }
  Shape forward_shape(const Shape& x, Where where) const;
  Shape inverse_shape(const Shape& y, Where where) const { return forward_shape(y, where); }
  bool is_like(const Permutation& other) const { return order == other.order; }
  /// What has no order keeps its set; ascending vectors are real ones.
  Support image(const Support& part, Where where = here()) const;

  Var forward(Arg x) const;
  Var inverse(Arg y) const;
  Var log_det(Arg, Arg) const { return 0.0; }
};

}  // namespace tapir::vi
