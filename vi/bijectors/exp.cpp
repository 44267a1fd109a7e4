// Exp: real numbers onto positive ones.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/bijectors/exp.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>

namespace tapir::vi {

Var Exp::forward(Arg x) const { return exp(x); }
Var Exp::inverse(Arg y) const { return log(y); }
Var Exp::log_det(Arg x, Arg) const { return x; }

}  // namespace tapir::vi
