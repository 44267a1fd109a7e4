// Time series: forwards with what the way back needs, backwards by hand.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <vector>

#include "hand/densities.hpp"
#include "hand/simd.hpp"

namespace tapir::bench::hand {
namespace {

using B = Batch<double>;
constexpr long W = width<double>;
constexpr std::size_t lags = 5;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

Density autoregression(std::span<const double> data) {
  return [y = std::vector<double>(data.begin(), data.end())](const double* q, double* g) {
    const double precision = std::exp(-2 * q[6]);
    double squares = 0;
    std::array<double, lags + 1> total{};
    for (std::size_t t = lags; t < y.size(); ++t) {
      double r = y[t] - q[0];
      for (std::size_t k = 1; k <= lags; ++k) r -= q[k] * y[t - k];
      squares += r * r;
      total[0] += r;
      for (std::size_t k = 1; k <= lags; ++k) total[k] += r * y[t - k];
    }
    for (std::size_t k = 0; k <= lags; ++k) g[k] = total[k] * precision;
    const auto count = static_cast<double>(y.size() - lags);
    g[6] = squares * precision - count;
    return -0.5 * squares * precision - count * q[6];
  };
}

Density autoregression_by_column(std::span<const double> data) {
  auto y = std::make_shared<Array<double>>(array<double>(static_cast<long>(data.size())));
  std::copy(data.begin(), data.end(), y->get());
  return [y, size = static_cast<long>(data.size())](const double* q, double* g) {
    const double precision = std::exp(-2 * q[6]);
    B squares(0.0);
    std::array<B, lags + 1> total, beta;
    total.fill(B(0.0));
    for (std::size_t k = 0; k <= lags; ++k) beta[k] = B(q[k]);
    long t = lags;
    for (; t + W <= size; t += W) {
      const double* now = y->get() + t;
      B r = load(now) - beta[0];
      for (long k = 1; k <= static_cast<long>(lags); ++k)
        r -= beta[static_cast<std::size_t>(k)] * load(now - k);
      squares += r * r;
      total[0] += r;
      for (long k = 1; k <= static_cast<long>(lags); ++k)
        total[static_cast<std::size_t>(k)] += r * load(now - k);
    }
    double rest = sum(squares);
    std::array<double, lags + 1> all{};
    for (std::size_t k = 0; k <= lags; ++k) all[k] = sum(total[k]);
    for (; t < size; ++t) {
      const double* now = y->get() + t;
      double r = now[0] - q[0];
      for (long k = 1; k <= static_cast<long>(lags); ++k) r -= q[k] * now[-k];
      rest += r * r;
      all[0] += r;
      for (long k = 1; k <= static_cast<long>(lags); ++k) all[static_cast<std::size_t>(k)] += r * now[-k];
    }
    for (std::size_t k = 0; k <= lags; ++k) g[k] = all[k] * precision;
    const auto count = static_cast<double>(size - static_cast<long>(lags));
    g[6] = rest * precision - count;
    return -0.5 * rest * precision - count * q[6];
  };
}

Density garch(std::span<const double> data) {
  struct State {
    std::vector<double> y, variance, inverse;
  };
  auto state = std::make_shared<State>();
  state->y.assign(data.begin(), data.end());
  state->variance.resize(data.size());
  state->inverse.resize(data.size());
  return [state](const double* q, double* g) {
    const auto& y = state->y;
    auto& s = state->variance;
    auto& inverse = state->inverse;
    const std::size_t n = y.size();
    const double mu = q[0], a0 = std::exp(q[1]), a1 = sigmoid(q[2]), share = sigmoid(q[3]),
                 b1 = share * (1 - a1);
    s[0] = 1.0;
    for (std::size_t t = 1; t < n; ++t) {
      const double e = y[t - 1] - mu;
      s[t] = a0 + a1 * e * e + b1 * s[t - 1];
    }
    double factors = 1, logs = 0, squares = 0;
    for (std::size_t t = 0; t < n; ++t) {
      const double e = y[t] - mu;
      inverse[t] = 1 / s[t];
      squares += e * e * inverse[t];
      factors *= s[t];
      if (t % 16 == 15) {
        logs += std::log(factors);
        factors = 1;
      }
    }
    logs += std::log(factors);
    double ds = 0, dmu = 0, da0 = 0, da1 = 0, db1 = 0;
    for (std::size_t t = n; t-- > 0;) {
      const double e = y[t] - mu, w = inverse[t];
      dmu += e * w;
      if (t + 1 < n) dmu -= 2 * ds * a1 * e;  // ds is that of s[t + 1] here
      if (t + 1 < n) ds *= b1;
      ds += 0.5 * (e * e * w - 1) * w;
      if (t > 0) {
        const double before = y[t - 1] - mu;
        da0 += ds;
        da1 += ds * before * before;
        db1 += ds * s[t - 1];
      }
    }
    g[0] = dmu;
    g[1] = da0 * a0;
    g[2] = (da1 - db1 * share) * a1 * (1 - a1);
    g[3] = db1 * (1 - a1) * share * (1 - share);
    return -0.5 * (logs + squares);
  };
}

// Probabilities scaled to sum to one: no exponential or logarithm inside the recursion.
Density hidden_markov(std::span<const double> data) {
  struct State {
    std::vector<double> y;
    std::vector<std::array<double, 2>> density, alpha;
    std::vector<double> norm;
  };
  auto state = std::make_shared<State>();
  state->y.assign(data.begin(), data.end());
  state->density.resize(data.size());
  state->alpha.resize(data.size());
  state->norm.resize(data.size());
  return [state](const double* q, double* g) {
    auto& [y, density, alpha, norm] = *state;
    const std::size_t n = y.size();
    const double stay0 = sigmoid(q[0]), stay1 = sigmoid(q[1]);
    double value = 0, factors = 1;
    for (std::size_t t = 0; t < n; ++t) {
      const double z0 = y[t] - q[2], z1 = y[t] - q[3];
      // Relative to state 0, whose own exponent is added up.
      value -= 0.5 * z0 * z0;
      density[t] = {1.0, 0.5 * (z0 * z0 - z1 * z1)};
    }
    alignas(64) double lanes[W];
    for (std::size_t t = 0; t < n; t += W) {
      const auto count = std::min<std::size_t>(W, n - t);
      for (std::size_t k = 0; k < W; ++k) lanes[k] = k < count ? density[t + k][1] : 0.0;
      store(lanes, exp(load(lanes)));
      for (std::size_t k = 0; k < count; ++k) density[t + k][1] = lanes[k];
    }
    double p0 = 0.5, p1 = 0.5;
    for (std::size_t t = 0; t < n; ++t) {
      const double a = (t ? stay0 * p0 + (1 - stay1) * p1 : p0) * density[t][0];
      const double b = (t ? (1 - stay0) * p0 + stay1 * p1 : p1) * density[t][1];
      const double total = a + b, inverse = 1 / total;
      factors *= total;
      if (t % 8 == 7) {
        value += std::log(factors);
        factors = 1;
      }
      p0 = a * inverse;
      p1 = b * inverse;
      alpha[t] = {p0, p1};
      norm[t] = inverse;
    }
    value += std::log(factors);
    double b0 = 1, b1 = 1, d0 = 0, d1 = 0, g2 = 0, g3 = 0;
    for (std::size_t t = n; t-- > 0;) {
      g2 += alpha[t][0] * b0 * (y[t] - q[2]);  // the state's probability given all data
      g3 += alpha[t][1] * b1 * (y[t] - q[3]);
      if (t == 0) break;
      const double e0 = density[t][0] * b0 * norm[t], e1 = density[t][1] * b1 * norm[t];
      d0 += alpha[t - 1][0] * (e0 - e1);
      d1 += alpha[t - 1][1] * (e1 - e0);
      b0 = stay0 * e0 + (1 - stay0) * e1;
      b1 = (1 - stay1) * e0 + stay1 * e1;
    }
    g[0] = d0 * stay0 * (1 - stay0);
    g[1] = d1 * stay1 * (1 - stay1);
    g[2] = g2;
    g[3] = g3;
    return value;
  };
}

}  // namespace tapir::bench::hand
