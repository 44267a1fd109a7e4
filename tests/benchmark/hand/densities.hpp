// Log densities by hand: each takes parameters q, writes the gradient to g and returns the value.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <span>

namespace tapir::bench::hand {

using Density = std::function<double(const double* q, double* g)>;

/// q: mu, log tau, eta[8].
double eight_schools(const double* q, double* g);

/// q: beta[d]; x [n, d] as it is given.
Density logistic(long n, long d, std::span<const double> x, std::span<const double> y);
/// x kept by column.
Density logistic_by_column(long n, long d, std::span<const double> x, std::span<const double> y);

/// q: loc [3, 2], log scale [3, 2], logits [3]; x [n, 2], kept by column.
Density mixture(long n, std::span<const double> x);

/// q: w1 [in, hidden], b1 [hidden], w2 [hidden], b2; tanh, unit noise and priors.
Density mlp(long n, long in, long hidden, std::span<const double> x, std::span<const double> y);

/// q: alpha, beta[5], log sigma. Step by step, and vectorised over the steps.
Density autoregression(std::span<const double> y);
Density autoregression_by_column(std::span<const double> y);
/// q: mu, log a0, logit a1, logit b1 / (1 - a1).
Density garch(std::span<const double> y);
/// q: logit of staying in state 0, in 1, loc[2]; unit scales.
Density hidden_markov(std::span<const double> y);

inline constexpr double school_effect[8] = {28, 8, -3, 7, -1, 1, 18, 12};
inline constexpr double school_error[8] = {15, 10, 16, 11, 9, 11, 10, 18};

}  // namespace tapir::bench::hand
