// The conjugate answer: the posterior of a linear regression with known noise.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include <tapir/autodiff/tensor/tensor.hpp>

namespace tapir::examples {

/// Standard deviations of the noise and of the prior of every coefficient.
struct RegressionScales {
  double noise, prior;
};

/// Of the intercept, then of the slopes; nats.
///
///   A = X'X / noise^2 + I / prior^2, where the first column of X is 1
///   posterior   Normal(A^-1 X'y / noise^2, A^-1)
///   mean field  the product of Normals that is closest in KL(q || p): the same means, variances 1 / A_jj
struct ExactPosterior {
  std::vector<double> mean;
  std::vector<double> marginal_sd;     // sqrt((A^-1)_jj)
  std::vector<double> conditional_sd;  // 1 / sqrt(A_jj): given all other coefficients
  double log_evidence = 0.0;
  double best_elbo = 0.0;  // log_evidence - (sum log A_jj - log |A|) / 2
};
ExactPosterior exact_posterior(const Tensor& x, const Tensor& y, RegressionScales scales);

/// The standard deviation of what least squares leave, by rows - coefficients.
///
///   errors  "4 rows cannot tell the noise from 4 coefficients; give --noise"
///           "the predictors are linearly dependent; give --noise", "the fit is exact; give --noise"
double residual_sd(const Tensor& x, const Tensor& y);

}  // namespace tapir::examples
