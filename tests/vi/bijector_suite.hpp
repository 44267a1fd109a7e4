// BijectorRow: what the suite needs to know of a bijector in order to test it in every facet.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <tapir/vi/bijector.hpp>

#include "law_suite.hpp"

namespace tapir::vi::test {

/// A bijector, and in long double what it maps a point to. The suite takes the Jacobian by differences of
/// that.
struct BijectorRow {
  std::string name = {};
  std::function<Bijector(const std::vector<Var>&)> make = {};
  /// Of the parameters; one empty case if there are none.
  std::vector<Parameters> cases = {{}};
  /// Tame points, [m, point].
  Tensor x = {};
  std::function<Point(const Parameters&, const Point& x)> forward = {};
  /// The elements of a point of the codomain that are free, if its set does not tell.
  std::vector<Index> free = {};
  /// Random points without NaN reach from 1e-30 to this in size, in f64 and in f32; 0: none are tried.
  double largest = 700;
  double largest_f32 = 80;
  bool positive = false;
  /// The inverse is tried only where x was at most this, in f64 and in f32.
  double largest_back = 1e300;
  double largest_back_f32 = 1e300;
};

/// All rows, in no order.
std::vector<BijectorRow>& bijector_rows();

/// Enters a row into the list: one constant in the test file of each bijector.
struct ListedBijector {
  explicit ListedBijector(BijectorRow row) { bijector_rows().push_back(std::move(row)); }
};

/// m points of n elements between -2 and 2.
Tensor tame(Index m, Index n);

/// The lower triangle of an n x n matrix, row by row.
std::vector<Index> lower_triangle(Index n, bool with_diagonal);

}  // namespace tapir::vi::test
