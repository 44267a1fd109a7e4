// MultivariateNormal: the Gaussian law of vectors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/multivariate_normal.hpp>

#include <limits>
#include <utility>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/gaussian.hpp>
#include <tapir/vi/distributions/vectors.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double half_log_2pi = 0.91893853320467274178;

const KlRow<MultivariateNormal, MultivariateNormal> multivariate_multivariate;
const KlRow<Normal, MultivariateNormal> diagonal_multivariate;
const KlRow<MultivariateNormal, Normal> multivariate_diagonal;

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
    return loc + product(tril(scale_tril), z, false, where);
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
    const Shape lead = joined("kl", leading(p.scale_tril, 2), leading(q.scale_tril, 2), where);
    const Var mixing = triangular_solve(factor(q.scale_tril, lead), factor(tril(p.scale_tril), lead));
    const Var ratio = diag(p.scale_tril) / diag(q.scale_tril);
    const Var scales = sum(0.5 * (square(ratio) - 1) - log(ratio), -1);
    const Var distance = squared_distance(q.scale_tril, p.loc - q.loc, where);
    const Var sheared = sum(square(tril(mixing, -1)), Axes{-2, -1});
    return scales + 0.5 * (sheared + distance);
  });
}

Var kl(const Normal& p, const MultivariateNormal& q, Where where) {
  return composed(where, "kl", {p.loc, p.scale, q.loc, q.scale_tril},
                  [&] { return kl(gaussian_of(p, q.count(where)), gaussian_of(q), where); });
}

Var kl(const MultivariateNormal& p, const Normal& q, Where where) {
  return composed(where, "kl", {p.loc, p.scale_tril, q.loc, q.scale},
                  [&] { return kl(gaussian_of(p), gaussian_of(q, p.count(where)), where); });
}

}  // namespace tapir::vi
