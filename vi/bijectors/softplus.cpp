// Softplus: real numbers onto positive ones, almost unchanged where they are large.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/bijectors/softplus.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>

namespace tapir::vi {

Var Softplus::forward(Arg x) const { return softplus(x); }

Var Softplus::inverse(Arg y) const {
  return composed(y.where, name, {y.var}, [&] { return y + log(-expm1(-y)); });
}

Var Softplus::log_det(Arg x, Arg) const { return log_sigmoid(x); }

}  // namespace tapir::vi
