// Closed forms of a linear regression, in operations on plain values.
// SPDX-License-Identifier: BSD-3-Clause
#include "regression/exact.hpp"

#include <cmath>
#include <numbers>
#include <stdexcept>

#include <fmt/format.h>
#include <tapir/autodiff/ops/ops.hpp>

namespace tapir::examples {
namespace {

Var with_intercept(const Tensor& x) { return concat({ones({f64, {x.shape()[0], 1}}), x}, 1); }

Var gram(const Var& x) { return matmul(x, x, {.transpose_a = true}); }

Var times_transposed(const Var& x, const Tensor& y) {
  return matmul(x, expand_dims(y, 1), {.transpose_a = true});
}

std::vector<double> numbers(const Var& vector) {
  const Tensor values = vector.tensor();
  const auto view = values.view<double>();
  return {view.begin(), view.end()};
}

}  // namespace

ExactPosterior exact_posterior(const Tensor& x, const Tensor& y, RegressionScales scales) {
  const auto [noise, prior] = scales;
  const Var design = with_intercept(x);
  const auto rows = static_cast<double>(design.shape()[0]),
             coefficients = static_cast<double>(design.shape()[1]);
  const Var identity = eye(design.shape()[1], f64);

  const Var precision = gram(design) / (noise * noise) + identity / (prior * prior);
  const Var factor = cholesky(precision);
  const Var towards = times_transposed(design, y) / (noise * noise);
  const Var mean = cholesky_solve(factor, towards);
  const Var covariance = cholesky_solve(factor, identity);

  const double log_determinant = 2 * sum(log(diag(factor))).item();
  const double fit = sum(square(y)).item() / (noise * noise) - sum(mean * towards).item();
  ExactPosterior exact{.mean = numbers(squeeze(mean, 1)),
                       .marginal_sd = numbers(sqrt(diag(covariance))),
                       .conditional_sd = numbers(rsqrt(diag(precision)))};
  exact.log_evidence = -rows / 2 * std::log(2 * std::numbers::pi * noise * noise) -
                       coefficients * std::log(prior) - log_determinant / 2 - fit / 2;
  exact.best_elbo = exact.log_evidence - (sum(log(diag(precision))).item() - log_determinant) / 2;
  return exact;
}

double residual_sd(const Tensor& x, const Tensor& y) {
  const Var design = with_intercept(x);
  const Index rows = design.shape()[0], coefficients = design.shape()[1];
  if (rows <= coefficients)
    throw std::invalid_argument(
        fmt::format("{} rows cannot tell the noise from {} coefficients; give --noise", rows, coefficients));
  // Columns have mean 0 and mean square 1: a pivot is the share of a column that those before it do not explain.
  constexpr double least_share = 1e-10, least_residual = 1e-10;
  const Var matrix = gram(design) / rows + 1e-14 * eye(coefficients, f64);
  const Var factor = cholesky(matrix);
  if (square(min(diag(factor))).item() < least_share)
    throw std::invalid_argument("the predictors are linearly dependent; give --noise");
  const Var slopes = cholesky_solve(factor, times_transposed(design, y) / rows);
  const double left = sum(square(y - squeeze(matmul(design, slopes), 1))).item();
  const double sd = std::sqrt(left / static_cast<double>(rows - coefficients));
  if (!(sd > least_residual)) throw std::invalid_argument("the fit is exact; give --noise");
  return sd;
}

}  // namespace tapir::examples
