// Mixture of three Gaussians in two dimensions: all sums in registers.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "hand/densities.hpp"
#include "hand/simd.hpp"

namespace tapir::bench::hand {
namespace {

using B = Batch<double>;
constexpr long W = width<double>;
constexpr std::size_t K = 3, D = 2;

struct Points {
  long n;
  std::array<Array<double>, D> x;

  Points(long n_, std::span<const double> x_) : n(n_) {
    for (std::size_t d = 0; d < D; ++d) {
      x[d] = array<double>(n);
      for (long i = 0; i < n; ++i)
        x[d][static_cast<std::size_t>(i)] = x_[static_cast<std::size_t>(i) * D + d];
    }
  }

  double run(const double* q, double* g) {
    const double* loc = q;
    const double* log_scale = q + K * D;
    const double* logits = q + 2 * K * D;
    const double largest = std::max({logits[0], logits[1], logits[2]});
    double norm = 0;
    for (std::size_t k = 0; k < K; ++k) norm += std::exp(logits[k] - largest);
    norm = largest + std::log(norm);
    std::array<B, K> constant;
    std::array<std::array<B, D>, K> at, weight;
    for (std::size_t k = 0; k < K; ++k) {
      double c = logits[k] - norm;
      for (std::size_t d = 0; d < D; ++d) {
        c -= log_scale[k * D + d];
        at[k][d] = B(loc[k * D + d]);
        weight[k][d] = B(std::exp(-log_scale[k * D + d]));
      }
      constant[k] = B(c);
    }
    std::array<B, K> share;
    std::array<std::array<B, D>, K> first, second;
    share.fill(B(0.0));
    for (auto* sums : {&first, &second})
      for (auto& row : *sums) row.fill(B(0.0));
    B value(0.0);
    for (long i = 0; i < n; i += W) {
      std::array<std::array<B, D>, K> z;
      std::array<B, K> term;
      for (std::size_t k = 0; k < K; ++k) {
        for (std::size_t d = 0; d < D; ++d) z[k][d] = (load(x[d].get() + i) - at[k][d]) * weight[k][d];
        term[k] = constant[k] - B(0.5) * (z[k][0] * z[k][0] + z[k][1] * z[k][1]);
      }
      const B most = xsimd::max(term[0], xsimd::max(term[1], term[2]));
      for (B& t : term) t = exp(t - most);
      const B total = term[0] + term[1] + term[2], inverse = B(1.0) / total;
      value += most + xsimd::log(total);
      for (std::size_t k = 0; k < K; ++k) {
        const B p = term[k] * inverse;
        share[k] += p;
        for (std::size_t d = 0; d < D; ++d) {
          const B pull = p * z[k][d];
          first[k][d] += pull;
          second[k][d] += pull * z[k][d];
        }
      }
    }
    double result = sum(value);
    const auto count = static_cast<double>(n);
    for (std::size_t k = 0; k < K; ++k) {
      const double owned = sum(share[k]);
      g[2 * K * D + k] = owned - count * std::exp(logits[k] - norm);
      for (std::size_t d = 0; d < D; ++d) {
        const std::size_t j = k * D + d;
        g[j] = sum(first[k][d]) * std::exp(-log_scale[j]) - loc[j];
        g[K * D + j] = sum(second[k][d]) - owned - log_scale[j];
        result -= 0.5 * (loc[j] * loc[j] + log_scale[j] * log_scale[j]);
      }
    }
    return result;
  }
};

}  // namespace

Density mixture(long n, std::span<const double> x) {
  if (n % W != 0) return {};
  auto points = std::make_shared<Points>(n, x);
  return [points](const double* q, double* g) { return points->run(q, g); };
}

}  // namespace tapir::bench::hand
