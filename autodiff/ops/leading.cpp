// Aligning and folding leading axes.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/leading.hpp>

#include <tapir/autodiff/ops/rows.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir::ops {

Leading::Leading(const Type& a, const Type& b) {
  const Shape of_a = leading(a.shape), of_b = leading(b.shape);
  shape = of_a.rank() >= of_b.rank() ? of_a : of_b;
  const int shared = std::min(of_a.rank(), of_b.rank());
  require(of_a.drop_front(of_a.rank() - shared) == of_b.drop_front(of_b.rank() - shared),
          "leading axes differ: a is " + a.str() + ", b is " + b.str() +
              "; they have to be equal, or one operand has none");
  count = shape.size();
  count_a = of_a.size();
  count_b = of_b.size();
}

std::vector<int> Leading::follow(int operand_rank) const {
  std::vector<int> axes;
  const int lacking = shape.rank() + 2 - operand_rank;
  for (int axis = 0; axis < shape.rank(); ++axis) axes.push_back(axis < lacking ? mixed : axis - lacking);
  axes.insert(axes.end(), 2, mixed);
  return axes;
}

std::pair<Var, Var> align(std::span<const Widened> in, Index count) {
  Var a = in[0].value, b = in[1].value;
  // A batched operand has to reach as far out as the other one does; its axes in between are stretched.
  const auto reach = [count](const Var& x, const Shape& own, const Shape& other) {
    if (own.rank() >= other.rank()) return x;
    const Shape aligned = Shape{count} + Shape::ones(other.rank() - own.rank()) + own + matrix(x.shape());
    return broadcast_to(reshape(x, aligned), Shape{count} + other + matrix(x.shape()));
  };
  const auto own_leading = [](const Widened& operand) {
    return leading(operand.batched ? operand.value.shape().drop_front(1) : operand.value.shape());
  };
  const Shape of_a = own_leading(in[0]), of_b = own_leading(in[1]);
  if (in[0].batched) a = reach(a, of_a, of_b);
  if (in[1].batched) b = reach(b, of_b, of_a);
  return {a, b};
}

Var fold_outer(const Var& x, int outer, bool into_rows) {
  if (outer == 0) return x;
  const Shape shape = x.shape();
  const int rank = shape.rank();
  std::vector<int> order;
  for (int axis = outer; axis < rank; ++axis) {
    if (axis == (into_rows ? rank - 2 : rank - 1))
      for (int i = 0; i < outer; ++i) order.push_back(i);
    order.push_back(axis);
  }
  Shape folded = shape.drop_front(outer);
  const int at = into_rows ? -2 : -1;
  folded.set(at, folded[at] * shape.take_front(outer).size());
  return reshape(transpose(x, order), folded);
}

}  // namespace tapir::ops
