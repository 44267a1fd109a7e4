// CholeskyProduct: Cholesky factors onto covariance matrices.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/bijectors/cholesky_product.hpp>

#include <tapir/autodiff/ops/ops.hpp>

namespace tapir::vi {
namespace {

constexpr double log_2 = 0.69314718055994530942;

}  // namespace

Var CholeskyProduct::forward(Arg x) const {
  return composed(x.where, name, {x.var}, [&] { return matmul(x, x, {.transpose_b = true}); });
}

Var CholeskyProduct::inverse(Arg y) const { return cholesky(y); }

Var CholeskyProduct::log_det(Arg x, Arg) const {
  return composed(x.where, name, {x.var}, [&] {
    const Index n = x.shape().back();
    const Var weights = static_cast<double>(n) - Var::open(Tensor::iota(f64, n));
    return sum(weights * log(diag(x)), -1) + static_cast<double>(n) * log_2;
  });
}

}  // namespace tapir::vi
