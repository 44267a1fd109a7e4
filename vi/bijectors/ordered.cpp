// Ordered, PositiveOrdered: free vectors onto ascending ones.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/bijectors/ordered.hpp>

#include <tapir/autodiff/ops/ops.hpp>

namespace tapir::vi {
namespace {

Var first(const Var& x) { return slice(x, -1, 0, 1); }
Var later(const Var& x) { return slice(x, -1, 1, x.shape().back()); }
Var steps(const Var& y) { return later(y) - slice(y, -1, 0, y.shape().back() - 1); }

}  // namespace

Var Ordered::forward(Arg x) const {
  return composed(x.where, name, {x.var}, [&] { return cumsum(concat({first(x), exp(later(x))}, -1)); });
}

Var Ordered::inverse(Arg y) const {
  return composed(y.where, name, {y.var}, [&] { return concat({first(y), log(steps(y))}, -1); });
}

Var Ordered::log_det(Arg x, Arg) const {
  return composed(x.where, name, {x.var}, [&] { return sum(later(x), -1); });
}

Var PositiveOrdered::forward(Arg x) const {
  return composed(x.where, name, {x.var}, [&] { return cumsum(exp(x)); });
}

Var PositiveOrdered::inverse(Arg y) const {
  return composed(y.where, name, {y.var}, [&] { return log(concat({first(y), steps(y)}, -1)); });
}

Var PositiveOrdered::log_det(Arg x, Arg) const { return sum(x, -1); }

}  // namespace tapir::vi
