// Power: positive numbers to an exponent.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/bijectors/power.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>

namespace tapir::vi {

Var Power::forward(Arg x) const {
  return composed(x.where, name, {x.var, exponent}, [&] { return pow(x, exponent); });
}

Var Power::inverse(Arg y) const {
  return composed(y.where, name, {y.var, exponent}, [&] { return pow(y, 1 / exponent); });
}

Var Power::log_det(Arg x, Arg) const {
  return composed(x.where, name, {x.var, exponent},
                  [&] { return log(abs(exponent)) + (exponent - 1) * log(x); });
}

Var Power::direction(Where where) const { return sign(Arg(exponent, where)); }

}  // namespace tapir::vi
