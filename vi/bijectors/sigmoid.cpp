// Sigmoid: real numbers onto an interval.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/bijectors/sigmoid.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>

namespace tapir::vi {

Var Sigmoid::forward(Arg x) const {
  return composed(x.where, name, {x.var, low, high}, [&] {
    const Var left = x < 0;
    const Var distance = (high - low) * sigmoid(where(left, x, -x));
    return where(left, low + distance, high - distance);
  });
}

Var Sigmoid::inverse(Arg y) const {
  return composed(y.where, name, {y.var, low, high}, [&] { return log(y - low) - log(high - y); });
}

Var Sigmoid::log_det(Arg x, Arg) const {
  return composed(x.where, name, {x.var, low, high},
                  [&] { return log_sigmoid(x) + log_sigmoid(-x) + log(high - low); });
}

}  // namespace tapir::vi
