// Wishart: covariances of Gaussian samples; precisions.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/wishart.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/distributions/gamma.hpp>
#include <tapir/vi/distributions/vectors.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

const KlRow<Wishart, Wishart> wishart_wishart;

// first, first + step, .. along the last axis.
Var steps(Index n, double first, double step) {
  std::vector<double> x;
  for (Index i = 0; i < n; ++i) x.push_back(first + step * static_cast<double>(i));
  return Var::open(Tensor({n}, std::span<const double>(x)));
}

// The concentrations a_i of the gamma variables A_ii^2 / 2.
Var concentrations(const Wishart& law, Index n) { return 0.5 * expand_dims(law.df, -1) + steps(n, 0, -0.5); }

// What of -log p does not depend on the value, beside its gamma densities.
Var constant_of(const Wishart& law, Index n) {
  static const double log_pi = std::log(std::acos(-1.0)), log_2 = std::log(2.0);
  const auto size = static_cast<double>(n);
  return (size + 1) * half_log_det(law.scale_tril) +
         (size * (size - 1) / 4 * log_pi + size * (size + 1) / 2 * log_2);
}

// a^-1 b, both lower triangular.
Var ratio_of(const Var& a, const Var& b) {
  const Shape lead = joined("matmul", leading(a, 2), leading(b, 2), here());
  return triangular_solve(factor(a, lead), factor(b, lead));
}

Var covariance(const Wishart& law) {
  const Var l = tril(law.scale_tril);
  return matmul(l, l, {.transpose_b = true});
}

// With a diagonal of ones, rounding moves an eigenvalue by less than the margin.
Var kept_definite(const Var& x) {
  const Index n = x.shape().back();
  const double margin = static_cast<double>(4 * n * (n + 1)) * (x.dtype() == f32 ? 0x1p-23 : 0x1p-52);
  const Var diagonal = x * identity(n, x);
  const Var singular = logical_not(is_positive_definite(x - margin * diagonal));
  return x + diagonal * where(with_last_axes(singular, 2, here()), 2 * margin, 0);
}

Var as_matrix(const Var& numbers) { return expand_dims(expand_dims(numbers, -1), -1); }

}  // namespace

Index Wishart::count(Where where) const {
  (void)batch_shape(*this, where);
  const Index n = scale_tril.shape().back();
  if (scale_tril.shape()[-2] != n)
    throw Error(name, "scale_tril is " + scale_tril.type().str() + "; it has to be square", where);
  return n;
}

Var Wishart::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), df, scale_tril}, [&] {
    const Key own = key_for(*this, key);
    const Index n = count(where);
    const Var log_half = log_gamma_draw(own / "diagonal", concentrations(*this, n), shape + Shape{n}, where);
    const Var diagonal = scaled_exp(1, 0.5 * (log_half + std::log(2.0)));
    const Var below = tril(normal(own / "normal", shape + Shape{n, n}), -1);
    const Shape lead = joined(name, shape, leading(scale_tril, 2), where);
    const Var b = matmul(factor(tril(scale_tril), lead), below + diag_embed(diagonal));
    const double least = own.dtype() == f32 ? 0x1p-60 : 0x1p-500;
    return kept_definite(matmul(b, b, {.transpose_b = true}) + least * least * identity(n, b));
  });
}

Var Wishart::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, df, scale_tril}, [&] {
    const Index n = count(x.where);
    require_own(name, x, {n, n});
    const Var missing = sum(isnan(x), {-2, -1}) > 0;
    const Var outside = logical_or(Support::positive_definite.excludes(x), max(abs(x), {-2, -1}) == infinity);
    const Var unread = logical_or(missing, outside);
    const Var inside = where(with_last_axes(unread, 2, x.where), identity(n, x), x);
    const Var a = ratio_of(scale_tril, cholesky(inside)), size = diag(a);
    const Var shape = concentrations(*this, n);
    const Var loss = shape * exp_remainder(2 * log_ratio(size, sqrt(2 * shape)));
    const Var log_half = 2 * log(size) - std::log(2.0);
    const auto rows = static_cast<double>(n);
    const Var terms = stirling_rest(shape) - loss - steps(n, 0.5 * (rows + 1), -0.5) * log_half;
    const Var density = sum(terms, -1) - 0.5 * sum(square(tril(a, -1)), {-2, -1}) - constant_of(*this, n);
    return where(missing, nan, unless(outside, density));
  });
}

Var Wishart::mean(Where where) const {
  return composed(where, name, {df, scale_tril}, [&] {
    return stretched(as_matrix(df) * covariance(*this), batch_shape(*this, where) + own_shape(), where);
  });
}

Var Wishart::variance(Where where) const {
  return composed(where, name, {df, scale_tril}, [&] {
    const Var v = covariance(*this), squares = diag(v);
    const Var each = square(v) + expand_dims(squares, -1) * expand_dims(squares, -2);
    return stretched(as_matrix(df) * each, batch_shape(*this, where) + own_shape(), where);
  });
}

Var Wishart::entropy(Where where) const {
  return composed(where, name, {df, scale_tril}, [&] {
    const Index n = count(where);
    const auto rows = static_cast<double>(n);
    const Var shape = concentrations(*this, n), gap = log_minus_digamma(shape);
    const Var terms =
        shape * gap - stirling_rest(shape) + steps(n, 0.5 * (rows + 1), -0.5) * (log(shape) - gap);
    const Var total = sum(terms, -1) + constant_of(*this, n) + rows * (rows - 1) / 4;
    return stretched(total, batch_shape(*this, where), where);
  });
}

Var kl(const Wishart& p, const Wishart& q, Where where) {
  return composed(where, "kl", {p.df, p.scale_tril, q.df, q.scale_tril}, [&] {
    const Index n = p.count(where), other = q.count(where);
    if (n != other)
      throw Error("kl", "matrices of " + std::to_string(n) + " and " + std::to_string(other) + " rows",
                  where);
    const Var ratio = diag(p.scale_tril) / diag(q.scale_tril);
    const Var gammas = kl(Gamma{concentrations(p, n), 1}, Gamma{concentrations(q, n), square(ratio)}, where);
    const Var scales = steps(n, 0, 0.5) * exp_remainder(2 * log(ratio));
    const Var below = sum(square(tril(ratio_of(q.scale_tril, tril(p.scale_tril)), -1)), {-2, -1});
    return sum(gammas + scales, -1) + 0.5 * p.df * below;
  });
}

}  // namespace tapir::vi
