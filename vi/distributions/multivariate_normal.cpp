// MultivariateNormal: the Gaussian law of vectors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/multivariate_normal.hpp>

#include <limits>
#include <utility>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/linalg.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double half_log_2pi = 0.91893853320467274178;

const KlRow<MultivariateNormal, MultivariateNormal> multivariate_multivariate;

// The axes before the last `own`.
Shape leading(const Var& x, int own) { return x.shape().take_front(x.rank() - own); }

Shape joined(const Shape& a, const Shape& b, Where where) {
  Shape joint;
  if (!broadcast_shapes(a, b, joint))
    throw Error(MultivariateNormal::name, "leading axes " + a.str() + " and " + b.str() + " do not broadcast",
                where);
  return joint;
}

// Matrices as the factor of a product with leading axes `lead`: without those in which they are all the same.
Var factor(const Var& matrix, const Shape& lead) {
  const Shape own = matrix.shape().slice(-2, matrix.rank());
  Shape kept = leading(matrix, 2);
  while (kept.rank() > 0 && kept[0] == 1) kept = kept.drop_front(1);
  if (kept == lead.drop_front(lead.rank() - kept.rank())) return reshape(matrix, kept + own);
  return broadcast_to(matrix, lead + own);
}

// Vectors [.., n] beside matrices [.., n, n]: an axis along which the matrix stays the same becomes rows, so
// that there is one product for all of them. No two axes are merged: plates stay apart.
struct Rows {
  Rows(const Var& matrix, const Var& x, Where where)
      : shape(joined(leading(matrix, 2), leading(x, 1), where) + Shape{x.shape().back()}) {
    const Shape batch = leading(matrix, 2);
    const bool shared = shape.rank() > 1 && (batch.empty() || batch.back() == 1);
    const Var full = broadcast_to(x, shape);
    vectors = shared ? full : expand_dims(full, -2);
    const bool squeezed = shared && !batch.empty();
    left = factor(squeezed ? squeeze(matrix, -3) : matrix, leading(vectors, 2));
  }

  Shape shape;  // of all vectors
  Var vectors;  // [.., k, n]
  Var left;     // [.., n, n]
};

// matrix x
Var product(const Var& matrix, const Var& x, Where where) {
  const Rows rows(matrix, x, where);
  return reshape(matmul(rows.vectors, rows.left, {.transpose_b = true}), rows.shape);
}

// |z|^2, matrix z = x, the matrix lower triangular
Var squared_distance(const Var& matrix, const Var& x, Where where) {
  const Rows rows(matrix, x, where);
  const Var z = triangular_solve(rows.left, transpose(rows.vectors));
  return reshape(sum(square(z), -2), rows.shape.without(-1));
}

Var half_log_det(const Var& scale_tril) { return sum(log(diag(scale_tril)), -1); }

Var identity(Index n, const Var& like) {
  const Var matrix = eye(n, like.dtype().value_or(f64));
  return like.dtype() ? matrix : Var::open(matrix.tensor());
}

}  // namespace

MultivariateNormal MultivariateNormal::covariance(Var loc, Arg matrix) {
  check_parameter(name, "covariance", matrix, Support::positive_definite, matrix.where);
  return {.loc = std::move(loc),
          .scale_tril = composed(matrix.where, name, {matrix.var}, [&] { return cholesky(matrix); })};
}

// With rows and columns in reverse order, a lower factor is an upper one: matrix = U U', and its inverse is
// L L', L = U^-T.
MultivariateNormal MultivariateNormal::precision(Var loc, Arg matrix) {
  check_parameter(name, "precision", matrix, Support::positive_definite, matrix.where);
  return {.loc = std::move(loc), .scale_tril = composed(matrix.where, name, {matrix.var}, [&] {
            const Var upper = flip(cholesky(flip(matrix, {-2, -1})), {-2, -1});
            const Var one = identity(upper.shape().back(), upper);
            return triangular_solve(upper, one, {.lower = false, .transpose = true});
          })};
}

Index MultivariateNormal::count(Where where) const {
  (void)batch_shape(*this, where);
  const Index n = loc.shape().back();
  if (scale_tril.shape()[-1] != n || scale_tril.shape()[-2] != n)
    throw Error(name,
                "loc is " + loc.type().str() + ", scale_tril is " + scale_tril.type().str() +
                    "; it has to be of " + std::to_string(n) + " rows and columns",
                where);
  return n;
}

Var MultivariateNormal::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), loc, scale_tril}, [&] {
    const Var z = normal(key_for(*this, key), shape + Shape{count(where)});
    return loc + product(tril(scale_tril), z, where);
  });
}

Var MultivariateNormal::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale_tril}, [&] {
    const Index n = count(x.where);
    if (x.rank() == 0 || x.shape().back() != n)
      throw Error(name, "x is " + x.type().str() + "; its last axis has to be of " + std::to_string(n),
                  x.where);
    const Var outside = max(abs(x), -1) == infinity;
    const Var centred = where(expand_dims(outside, -1), 0, x - loc);
    const Var distance = squared_distance(scale_tril, centred, x.where);
    const Var constant = half_log_det(scale_tril) + static_cast<double>(n) * half_log_2pi;
    return where(outside, -infinity, -0.5 * distance - constant);
  });
}

Var MultivariateNormal::mean(Where where) const {
  return composed(where, name, {loc, scale_tril},
                  [&] { return stretched(loc, batch_shape(*this, where) + Shape{count(where)}, where); });
}

Var MultivariateNormal::variance(Where where) const {
  return composed(where, name, {loc, scale_tril}, [&] {
    const Var squares = sum(square(tril(scale_tril)), -1);
    return stretched(squares, batch_shape(*this, where) + Shape{count(where)}, where);
  });
}

Var MultivariateNormal::entropy(Where where) const {
  return composed(where, name, {loc, scale_tril}, [&] {
    const auto n = static_cast<double>(count(where));
    return stretched(half_log_det(scale_tril) + n * (half_log_2pi + 0.5), batch_shape(*this, where), where);
  });
}

// The diagonal of M apart: its terms vanish one by one at p = q.
Var kl(const MultivariateNormal& p, const MultivariateNormal& q, Where where) {
  return composed(where, "kl", {p.loc, p.scale_tril, q.loc, q.scale_tril}, [&] {
    const Index n = p.count(where), other = q.count(where);
    if (n != other)
      throw Error("kl", "vectors of " + std::to_string(n) + " and " + std::to_string(other) + " elements",
                  where);
    const Shape lead = joined(leading(p.scale_tril, 2), leading(q.scale_tril, 2), where);
    const Var mixing = triangular_solve(factor(q.scale_tril, lead), factor(tril(p.scale_tril), lead));
    const Var ratio = diag(p.scale_tril) / diag(q.scale_tril);
    const Var scales = sum(0.5 * (square(ratio) - 1) - log(ratio), -1);
    const Var distance = squared_distance(q.scale_tril, p.loc - q.loc, where);
    const Var sheared = sum(square(tril(mixing, -1)), Axes{-2, -1});
    return scales + 0.5 * (sheared + distance);
  });
}

}  // namespace tapir::vi
