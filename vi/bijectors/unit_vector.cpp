// UnitVector: vectors onto the sphere.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/bijectors/unit_vector.hpp>

#include <cmath>

#include <tapir/autodiff/ops/ops.hpp>

namespace tapir::vi {

Var UnitVector::forward(Arg x) const {
  return composed(x.where, name, {x.var}, [&] { return x / norm(x, -1, true); });
}

Var UnitVector::log_det(Arg x, Arg) const {
  return composed(x.where, name, {x.var}, [&] {
    const double half = 0.5 * static_cast<double>(x.shape().back());
    return -0.5 * sum_squares(x, -1) - ((half - 1) * std::log(2.0) + std::lgamma(half));
  });
}

}  // namespace tapir::vi
