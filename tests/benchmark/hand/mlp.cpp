// Regression by a net with one hidden layer: two products, one pass between them.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <memory>

#include "hand/densities.hpp"
#include "hand/gemm.hpp"
#include "hand/simd.hpp"

namespace tapir::bench::hand {
namespace {

using B = Batch<double>;
constexpr long W = width<double>;

struct Net {
  long n, in, hidden, chunks, padded;
  std::span<const double> x_given;
  Array<double> x, y, w1, h, gw1, b1, w2, gb1, gw2;

  Net(long n_, long in_, long hidden_, std::span<const double> x_, std::span<const double> y_)
      : n(n_), in(in_), hidden(hidden_), chunks((hidden_ + W - 1) / W), padded(chunks * W) {
    x = array<double>(n * in);
    y = array<double>(n);
    w1 = array<double>(in * padded);  // rows padded with zeros: whole vectors throughout
    gw1 = array<double>(in * padded);
    h = array<double>(n * padded);
    for (auto* a : {&b1, &w2, &gb1, &gw2}) *a = array<double>(padded);
    std::copy(x_.begin(), x_.end(), x.get());
    std::copy(y_.begin(), y_.end(), y.get());
  }

  double run(const double* q, double* g) {
    for (long i = 0; i < in; ++i) std::copy_n(q + i * hidden, hidden, w1.get() + i * padded);
    std::copy_n(q + in * hidden, hidden, b1.get());
    std::copy_n(q + in * hidden + hidden, hidden, w2.get());
    const double b2 = q[in * hidden + 2 * hidden];
    gemm(false, false, n, padded, in, x.get(), w1.get(), 0.0, h.get());
    std::fill_n(gb1.get(), padded, 0.0);
    std::fill_n(gw2.get(), padded, 0.0);
    double squares = 0, gb2 = 0;
    for (long i = 0; i < n; ++i) {
      double* row = h.get() + i * padded;
      B dots(0.0);
      for (long j = 0; j < padded; j += W) {
        const B t = tanh(load(row + j) + load(b1.get() + j));
        dots += t * load(w2.get() + j);
        store(row + j, t);
      }
      const double r = y[static_cast<std::size_t>(i)] - sum(dots) - b2;
      squares += r * r;
      gb2 += r;
      const B residual(r);
      for (long j = 0; j < padded; j += W) {
        const B t = load(row + j);
        const B d = residual * load(w2.get() + j) * (B(1.0) - t * t);
        store(gw2.get() + j, load(gw2.get() + j) + residual * t);
        store(gb1.get() + j, load(gb1.get() + j) + d);
        store(row + j, d);
      }
    }
    gemm(true, false, in, padded, n, x.get(), h.get(), 0.0, gw1.get());
    for (long i = 0; i < in; ++i) std::copy_n(gw1.get() + i * padded, hidden, g + i * hidden);
    std::copy_n(gb1.get(), hidden, g + in * hidden);
    std::copy_n(gw2.get(), hidden, g + in * hidden + hidden);
    g[in * hidden + 2 * hidden] = gb2;
    double prior = 0;
    for (long j = 0; j < in * hidden + 2 * hidden + 1; ++j) {
      prior += q[j] * q[j];
      g[j] -= q[j];
    }
    return -0.5 * (squares + prior);
  }
};

}  // namespace

Density mlp(long n, long in, long hidden, std::span<const double> x, std::span<const double> y) {
  auto net = std::make_shared<Net>(n, in, hidden, x, y);
  return [net](const double* q, double* g) { return net->run(q, g); };
}

}  // namespace tapir::bench::hand
