// Tanh: real numbers onto (-1, 1).
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/bijectors/tanh.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>

namespace tapir::vi {
namespace {

constexpr double log_2 = 0.69314718055994530942;

}  // namespace

Var Tanh::forward(Arg x) const { return tanh(x); }

Var Tanh::inverse(Arg y) const {
  return composed(y.where, name, {y.var}, [&] { return 0.5 * (log1p(y) - log1p(-y)); });
}

Var Tanh::log_det(Arg x, Arg) const { return log_sech_squared(x); }

Var log_sech_squared(Arg x) {
  return composed(x.where, "log_sech_squared", {x.var}, [&] { return 2 * ((log_2 - x) - softplus(-2 * x)); });
}

}  // namespace tapir::vi
