// ZeroSum: free arrays onto arrays whose sums are 0.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/bijectors/zero_sum.hpp>

#include <cmath>

#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir::vi {
namespace {

Shape resized(const Shape& shape, int axes, Index by) {
  Shape result = shape.take_front(shape.rank() - axes);
  for (int axis = shape.rank() - axes; axis < shape.rank(); ++axis) result.append(shape[axis] + by);
  return result;
}

Var extended(const Var& x, int axis) {
  const auto n = static_cast<double>(x.shape()[axis] + 1), root = std::sqrt(n);
  const Var total = sum(x, axis, true);
  return concat({x - total / (n + root), -total / root}, axis);
}

Var shortened(const Var& y, int axis) {
  const Index n = y.shape()[axis];
  const Var last = slice(y, axis, n - 1, n);
  return slice(y, axis, 0, n - 1) - last / (std::sqrt(static_cast<double>(n)) + 1);
}

}  // namespace

Shape ZeroSum::forward_shape(const Shape& x, Where) const { return resized(x, axes, 1); }

Shape ZeroSum::inverse_shape(const Shape& y, Where where) const {
  for (int axis = 1; axis <= axes; ++axis)
    if (y[-axis] < 2)
      throw Error(name, "y has an axis of " + std::to_string(y[-axis]) + "; it has to be of at least 2",
                  where);
  return resized(y, axes, -1);
}

Var ZeroSum::forward(Arg x) const {
  return composed(x.where, name, {x.var}, [&] {
    Var y = x;
    for (int axis = -axes; axis < 0; ++axis) y = extended(y, axis);
    return y;
  });
}

Var ZeroSum::inverse(Arg y) const {
  return composed(y.where, name, {y.var}, [&] {
    Var x = y;
    for (int axis = -axes; axis < 0; ++axis) x = shortened(x, axis);
    return x;
  });
}

}  // namespace tapir::vi
