// LowerCholesky: free vectors onto Cholesky factors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/bijectors/lower_cholesky.hpp>

#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/vi/bijectors/triangle.hpp>

namespace tapir::vi {
namespace {

// The diagonal apart: what stands elsewhere is never exponentiated, and no logarithm taken of it.
Var with_diagonal(const Var& matrix, const Var& diagonal) { return tril(matrix, -1) + diag_embed(diagonal); }

}  // namespace

Shape LowerCholesky::forward_shape(const Shape& x, Where where) const {
  return Triangle::filled_by(x, true, name, where).matrix_shape();
}

Shape LowerCholesky::inverse_shape(const Shape& y, Where where) const {
  return Triangle::of(y, true, name, where).vector_shape();
}

Var LowerCholesky::forward(Arg x) const {
  return composed(x.where, name, {x.var}, [&] {
    const auto triangle = Triangle::filled_by(x.shape(), true, name, x.where);
    return with_diagonal(triangle.matrix(x), exp(triangle.diagonal(x)));
  });
}

Var LowerCholesky::inverse(Arg y) const {
  return composed(y.where, name, {y.var}, [&] {
    return Triangle::of(y.shape(), true, name, y.where).vector(with_diagonal(y, log(diag(y))));
  });
}

Var LowerCholesky::log_det(Arg x, Arg) const {
  return composed(x.where, name, {x.var},
                  [&] { return sum(Triangle::filled_by(x.shape(), true, name, x.where).diagonal(x), -1); });
}

}  // namespace tapir::vi
