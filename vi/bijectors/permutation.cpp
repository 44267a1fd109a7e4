// Permutation: the elements of a vector in another order.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/bijectors/permutation.hpp>

#include <tapir/autodiff/ops/structure.hpp>

namespace tapir::vi {
namespace {

Tensor indices(const std::vector<Index>& order) {
  return {Shape{static_cast<Index>(order.size())}, std::span<const Index>(order)};
}

}  // namespace

Shape Permutation::forward_shape(const Shape& x, Where where) const {
  const auto size = static_cast<Index>(order.size());
  std::vector<bool> seen(order.size());
  for (const Index i : order) {
    if (i < 0 || i >= size)
      throw Error(name,
                  "order has " + std::to_string(i) + ", it has to be " +
                      (i < 0 ? "0 or more" : "less than " + std::to_string(size)),
                  where);
    if (seen[static_cast<std::size_t>(i)])
      throw Error(name, "order has " + std::to_string(i) + " twice", where);
    seen[static_cast<std::size_t>(i)] = true;
  }
  if (x.back() != size)
    throw Error(name, "order has " + std::to_string(size) + " numbers, a point is " + x.str(), where);
  return x;
}

Support Permutation::image(const Support& part, Where) const {
  const bool unordered = part.rank() == 0 || part == Support::Kind::simplex ||
                         part == Support::Kind::unit_vector || part == Support::Kind::one_hot;
  return unordered ? part : codomain();
}

Var Permutation::forward(Arg x) const { return take(x, Arg(indices(order), x.where), -1); }

Var Permutation::inverse(Arg y) const {
  std::vector<Index> back(order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    back[static_cast<std::size_t>(order[i])] = static_cast<Index>(i);
  return take(y, Arg(indices(back), y.where), -1);
}

}  // namespace tapir::vi
