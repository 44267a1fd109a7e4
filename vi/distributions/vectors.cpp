// Vectors beside matrices, whose leading axes broadcast: what laws of vectors share.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/vectors.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir::vi {
namespace {

// Vectors [.., n] beside matrices [.., m, k]: an axis along which the matrix stays the same becomes rows, so
// that there is one product for all of them. No two axes are merged: plates stay apart.
struct Rows {
  Rows(const Var& matrix, const Var& x, Where where)
      : lead(joined("matmul", leading(matrix, 2), leading(x, 1), where)) {
    const Shape batch = leading(matrix, 2);
    const bool shared = lead.rank() > 0 && (batch.empty() || batch.back() == 1);
    const Var full = broadcast_to(x, lead + Shape{x.shape().back()});
    vectors = shared ? full : expand_dims(full, -2);
    const bool squeezed = shared && !batch.empty();
    left = factor(squeezed ? squeeze(matrix, -3) : matrix, leading(vectors, 2));
  }

  Shape lead;   // of all vectors
  Var vectors;  // [.., rows, n]
  Var left;     // [.., m, k]
};

}  // namespace

Shape leading(const Var& x, int own) { return x.shape().take_front(x.rank() - own); }

Shape joined(std::string_view law, const Shape& a, const Shape& b, Where where) {
  Shape joint;
  if (!broadcast_shapes(a, b, joint))
    throw Error(law, "leading axes " + a.str() + " and " + b.str() + " do not broadcast", where);
  return joint;
}

void require_own(std::string_view law, const Arg& x, const Shape& own) {
  const int outer = x.rank() - own.rank();
  if (outer < 0 || x.shape().drop_front(outer) != own)
    throw Error(law, "x is " + x.type().str() + "; its last axes have to be " + own.str(), x.where);
}

Var factor(const Var& matrix, const Shape& lead) {
  const Shape own = matrix.shape().slice(-2, matrix.rank());
  Shape kept = leading(matrix, 2);
  while (kept.rank() > 0 && kept[0] == 1) kept = kept.drop_front(1);
  if (kept == lead.drop_front(lead.rank() - kept.rank())) return reshape(matrix, kept + own);
  return broadcast_to(matrix, lead + own);
}

Var stretched_matrices(const Var& matrix, const Shape& lead) {
  return broadcast_to(matrix, lead + matrix.shape().slice(-2, matrix.rank()));
}

Var product(const Var& matrix, const Var& x, bool transpose, Where where) {
  const Rows rows(matrix, x, where);
  return reshape(matmul(rows.vectors, rows.left, {.transpose_b = !transpose}),
                 rows.lead + Shape{matrix.shape()[transpose ? -1 : -2]});
}

Var solved(const Var& matrix, const Var& x, bool transpose, Where where) {
  const Rows rows(matrix, x, where);
  const Var z = triangular_solve(rows.left, tapir::transpose(rows.vectors), {.transpose = transpose});
  return reshape(tapir::transpose(z), rows.lead + Shape{x.shape().back()});
}

Var squared_distance(const Var& matrix, const Var& x, Where where) {
  const Rows rows(matrix, x, where);
  const Var z = triangular_solve(rows.left, transpose(rows.vectors));
  return reshape(sum(square(z), -2), rows.lead);
}

Var half_log_det(const Var& factor) { return sum(log(diag(factor)), -1); }

Var identity(Index n, const Var& like) {
  const Var matrix = eye(n, like.dtype().value_or(f64));
  return like.dtype() ? matrix : Var::open(matrix.tensor());
}

}  // namespace tapir::vi
