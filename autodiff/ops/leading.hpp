// The axes before a matrix: how two operands that hold many matrices go together.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <utility>
#include <vector>

#include <tapir/autodiff/tape/op.hpp>

namespace tapir::ops {

/// Leading axes of two operands whose last two axes are a matrix. Those of one are equal to those of the other, or
/// they are its last ones: then it lacks the outer ones and its matrices are used again for each of them.
struct Leading {
  Shape shape;
  Index count = 1;
  Index count_a = 1;
  Index count_b = 1;

  /// An Error (of a shape rule) if they do not go together.
  Leading(const Type& a, const Type& b);
  /// The axes of an operand of this rank that the result's leading axes follow; the last two are mixed.
  std::vector<int> follow(int operand_rank) const;
};

inline Shape leading(const Shape& shape) { return shape.take_front(shape.rank() - 2); }
inline Shape matrix(const Shape& shape) { return shape.drop_front(shape.rank() - 2); }

/// For batching rules: both operands such that their leading axes go together, the new one outermost; an operand is
/// stretched only where nothing else helps.
std::pair<Var, Var> align(std::span<const Widened> in, Index count);

/// [outer.., inner.., p, q] -> [inner.., outer * p, q] or [inner.., p, outer * q]: the outer axes become part of what a
/// product sums over.
Var fold_outer(const Var& x, int outer, bool into_rows);

}  // namespace tapir::ops
