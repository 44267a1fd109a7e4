// MultivariateNormal: the Gaussian law of vectors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/multivariate_normal.hpp>

#include <limits>
#include <utility>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/distributions/gaussian.hpp>
#include <tapir/vi/distributions/vectors.hpp>
#include <tapir/vi/kl.hpp>
#include <tapir/vi/renyi.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double half_log_2pi = 0.91893853320467274178;

const KlRow<MultivariateNormal, MultivariateNormal> multivariate_multivariate;
const KlRow<Normal, MultivariateNormal> diagonal_multivariate;
const KlRow<MultivariateNormal, Normal> multivariate_diagonal;

Index common_count(const MultivariateNormal& p, const MultivariateNormal& q, Where where) {
  const Index n = p.count(where), other = q.count(where);
  if (n != other)
    throw Error("kl", "vectors of " + std::to_string(n) + " and " + std::to_string(other) + " elements",
                where);
  return n;
}

// M, for which M M' is p's covariance in the coordinates in which q's is 1; and the logarithms of its
// diagonal.
Var relative_factor(const MultivariateNormal& p, const MultivariateNormal& q, Where where) {
  const Shape lead = joined("kl", leading(p.scale_tril, 2), leading(q.scale_tril, 2), where);
  return triangular_solve(factor(q.scale_tril, lead), factor(tril(p.scale_tril), lead));
}
Var relative_scales(const MultivariateNormal& p, const MultivariateNormal& q) {
  return log_ratio(diag(p.scale_tril), diag(q.scale_tril));
}

// (|M|^2 - n)/2 - log |det M| of a triangular M: its terms vanish one by one where M is 1.
Var shape_divergence(const Var& matrix, const Var& log_diagonal) {
  return 0.5 * (sum(exp_remainder(2 * log_diagonal), -1) + sum(square(tril(matrix, -1)), Axes{-2, -1}));
}

// Through the Gaussian m between, whose precisions are weighed. In q's coordinates C C' mixes the covariances
// the other way round, and C^-1 and C^-1 M have the traces and determinants that m has beside p and beside q.
// What the locations add is closed as it is.
Var renyi_of(const MultivariateNormal& p, const MultivariateNormal& q, double alpha) {
  const Where where = here();
  const Index n = common_count(p, q, where);
  const double rest = 1 - alpha;
  const Var mixing = relative_factor(p, q, where), one = identity(n, mixing);
  const Var mixed = alpha * one + rest * matmul(mixing, transpose(mixing));
  const Var exists = alpha < 1 ? Var(1.0) : is_positive_definite(mixed);
  const Var c = cholesky(alpha < 1 ? mixed : tapir::where(with_last_axes(exists, 2, where), mixed, one));
  const Var scales = log(diag(c));
  const Var to_p = shape_divergence(triangular_solve(c, one), -scales);
  const Var to_q = shape_divergence(triangular_solve(c, mixing), relative_scales(p, q) - scales);
  const Var distance = squared_distance(c, solved(q.scale_tril, p.loc - q.loc, false, where), where);
  return tapir::where(exists, to_q + alpha / rest * to_p + 0.5 * alpha * distance, infinity);
}

MultivariateNormal full(const Normal& law, Index n) {
  const Gaussian vectors = gaussian_of(law, n);
  return {.loc = vectors.loc, .scale_tril = diag_embed(*vectors.deviation)};
}
Var diagonal_renyi(const Normal& p, const MultivariateNormal& q, double alpha) {
  return renyi_of(full(p, q.count()), q, alpha);
}
Var renyi_diagonal(const MultivariateNormal& p, const Normal& q, double alpha) {
  return renyi_of(p, full(q, p.count()), alpha);
}

const RenyiRow<MultivariateNormal, renyi_of> multivariate_renyi;
const RenyiPair<Normal, MultivariateNormal, diagonal_renyi> diagonal_multivariate_renyi;
const RenyiPair<MultivariateNormal, Normal, renyi_diagonal> multivariate_diagonal_renyi;

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

Var kl(const MultivariateNormal& p, const MultivariateNormal& q, Where where) {
  return composed(where, "kl", {p.loc, p.scale_tril, q.loc, q.scale_tril}, [&] {
    (void)common_count(p, q, where);
    const Var distance = squared_distance(q.scale_tril, p.loc - q.loc, where);
    return shape_divergence(relative_factor(p, q, where), relative_scales(p, q)) + 0.5 * distance;
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
