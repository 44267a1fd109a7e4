// Affine: a shift and a scale.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/bijectors/affine.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>

namespace tapir::vi {

Var Affine::forward(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] { return loc + scale * x; });
}

Var Affine::inverse(Arg y) const {
  return composed(y.where, name, {y.var, loc, scale}, [&] { return (y - loc) / scale; });
}

Var Affine::log_det(Arg x, Arg) const {
  return composed(x.where, name, {scale}, [&] { return log(abs(scale)); });
}

Var Affine::direction(Where where) const { return sign(Arg(scale, where)); }

}  // namespace tapir::vi
