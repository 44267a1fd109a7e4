// Estimates of gradients on a bare tape against exact expectations in plain C++.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <tapir/autodiff/ops/random.hpp>
#include <tapir/autodiff/stochastic/stochastic.hpp>

namespace tapir::test {

/// What one run of a model leaves.
struct Drawn {
  std::vector<Site> sites = {};
  std::vector<Cost> costs = {};
};

using Numbers = std::vector<double>;
using Drawing = std::function<Drawn(const Key&, std::span<const Var> parameters)>;
using Expectation = std::function<double(const Numbers& parameters)>;

/// A model with what its gradient has to be. The last `fitted` parameters belong to baselines: theirs is the gradient
/// of `fit`.
struct Problem {
  Drawing draw;
  Numbers at;
  Expectation objective;
  Expectation fit = nullptr;
  std::size_t fitted = 0;
};

/// A Bernoulli site of one number per element of its plates; its value.
Var bernoulli(Drawn& drawn, const Key& key, const std::string& name, const Var& logits,
              const Estimator& estimator, const Plates& plates = {});
Var bernoulli_log_prob(const Var& z, const Var& logits);

double sigmoid_of(double x);
/// q(z) of a Bernoulli, in plain numbers.
double bernoulli_probability(double z, double logits);

/// The sum of f over all settings of `count` bits.
template <class F>
double over_bits(int count, const F& f) {
  double total = 0;
  Numbers bits(static_cast<std::size_t>(count));
  for (unsigned setting = 0; setting < (1U << count); ++setting) {
    for (std::size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<double>(setting >> i & 1U);
    total += f(bits);
  }
  return total;
}

/// The integral of f against the standard normal density, by the trapezoidal rule: exact to rounding for smooth f.
template <class F>
double over_normal(const F& f) {
  constexpr double step = 0.02;
  double total = 0;
  for (int i = -500; i <= 500; ++i) {
    const double x = i * step;
    total += f(x) * std::exp(-x * x / 2);
  }
  return total * step / std::sqrt(2 * 3.14159265358979323846);
}

/// By central differences of fourth order.
Numbers gradient_of(const Expectation& f, const Numbers& at);

/// `draws` replays of one program that draws, estimates the gradient, and stores what running baselines keep.
struct Estimates {
  Numbers mean;
  Numbers error;  // of the mean
  Numbers variance;
  double value = 0;
  double value_error = 0;
};
Estimates estimate(const Problem& problem, Index draws, Index seed = 1);

/// (estimate - exact) / its error, for the value and each parameter. Steps of a running baseline depend on each other,
/// but the deviations are martingale differences: the same scores are standard normal.
Numbers scores(const Problem& problem, Index draws, Index seed = 1);

/// Every |score| < 4. A score of a newly chosen seed fails with probability 6e-5.
void check_unbiased(const std::string& name, const Problem& problem, Index draws = 20000);
/// Some |score| > 6: a mistake of this kind is noticed by the same check.
void check_biased(const std::string& name, const Problem& problem, Index draws = 20000);

}  // namespace tapir::test
