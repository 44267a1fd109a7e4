// Logistic regression: X is read once, eight rows at a time.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "hand/densities.hpp"
#include "hand/simd.hpp"

namespace tapir::bench::hand {
namespace {

using B = Batch<double>;
constexpr long W = width<double>;

// What a vector of rows gives: y eta - softplus(eta) without its logarithm, whose argument multiplies
// `factors`.
struct Link {
  B value = B(0.0), factors = B(1.0);
  double logs = 0.0;
  int taken = 0;

  // The residual.
  B add(B eta, B y) {
    const B e = exp(-xsimd::abs(eta)), one = B(1.0) + e;
    factors *= one;
    if (++taken == 1000) take_logarithms();
    value += y * eta - xsimd::max(eta, B(0.0));
    const B r = B(1.0) / one;
    return y - xsimd::select(eta > B(0.0), r, e * r);
  }
  void take_logarithms() {
    logs += sum(xsimd::log(factors));
    factors = B(1.0);
    taken = 0;
  }
  double total() {
    take_logarithms();
    return sum(value) - logs;
  }
};

double prior(long d, const double* q, double* g) {
  double squares = 0;
  for (long j = 0; j < d; ++j) {
    squares += q[j] * q[j];
    g[j] -= q[j];
  }
  return -0.5 * squares;
}

struct Rows {
  long n, d, padded, chunks;
  Array<double> x, y, beta, g;

  Rows(long n_, long d_, std::span<const double> x_, std::span<const double> y_)
      : n(n_), d(d_), padded((n_ + W - 1) / W * W), chunks((d_ + W - 1) / W) {
    x = array<double>(padded * d);
    y = array<double>(padded);
    beta = array<double>(chunks * W);
    g = array<double>(chunks * W);
    std::copy(x_.begin(), x_.end(), x.get());
    std::copy(y_.begin(), y_.end(), y.get());
  }

  // Loads run over the ends of rows; beta is 0 there, and what g collects there is not looked at.
  template <long Chunks>
  double run(const double* q, double* out) {
    const long count = Chunks > 0 ? Chunks : chunks;
    std::copy_n(q, d, beta.get());
    std::fill_n(g.get(), count * W, 0.0);
    Link link;
    std::array<B, (Chunks > 0 ? Chunks : 1)> kept;
    kept.fill(B(0.0));
    for (long i = 0; i < padded; i += W) {
      const double* rows = x.get() + i * d;
      std::array<B, W> dots;
      dots.fill(B(0.0));
      for (long c = 0; c < count; ++c) {
        const B b = load(beta.get() + c * W);
        for (long r = 0; r < W; ++r) dots[static_cast<std::size_t>(r)] += b * load(rows + r * d + c * W);
      }
      const B eta = xsimd::haddp(dots.data());
      alignas(64) double residual[W];
      B r = link.add(eta, load(y.get() + i));
      if (i + W > n) r = masked(r, n - i);
      r.store_aligned(residual);
      for (long c = 0; c < count; ++c) {
        B total(0.0);
        if constexpr (Chunks > 0)
          total = kept[static_cast<std::size_t>(c)];
        else
          total = load(g.get() + c * W);
        for (long k = 0; k < W; ++k) total += B(residual[k]) * load(rows + k * d + c * W);
        if constexpr (Chunks > 0)
          kept[static_cast<std::size_t>(c)] = total;
        else
          store(g.get() + c * W, total);
      }
    }
    if constexpr (Chunks > 0)
      for (long c = 0; c < count; ++c) store(g.get() + c * W, kept[static_cast<std::size_t>(c)]);
    std::copy_n(g.get(), d, out);
    // Rows of padding: eta is 0, and each gives -log 2.
    const double padding = static_cast<double>(padded - n) * 0.69314718055994531;
    return link.total() + padding + prior(d, q, out);
  }

  static B masked(B r, long count) {
    double lanes[W];
    store(lanes, r);
    for (long k = count; k < W; ++k) lanes[k] = 0.0;
    return load(lanes);
  }
};

struct Columns {
  static constexpr long d = 10;
  long n;
  std::array<Array<double>, d> x;
  Array<double> y;

  Columns(long n_, std::span<const double> x_, std::span<const double> y_) : n(n_), y(array<double>(n_)) {
    for (long j = 0; j < d; ++j) {
      auto& column = x[static_cast<std::size_t>(j)];
      column = array<double>(n);
      for (long i = 0; i < n; ++i)
        column[static_cast<std::size_t>(i)] = x_[static_cast<std::size_t>(i * d + j)];
    }
    std::copy(y_.begin(), y_.end(), y.get());
  }

  double run(const double* q, double* g) {
    Link link;
    std::array<B, d> total, beta;
    total.fill(B(0.0));
    for (std::size_t j = 0; j < d; ++j) beta[j] = B(q[j]);
    for (long i = 0; i < n; i += W) {
      B even(0.0), odd(0.0);
      for (std::size_t j = 0; j < d; j += 2) {
        even += beta[j] * load(x[j].get() + i);
        odd += beta[j + 1] * load(x[j + 1].get() + i);
      }
      const B r = link.add(even + odd, load(y.get() + i));
      for (std::size_t j = 0; j < d; ++j) total[j] += r * load(x[j].get() + i);
    }
    for (std::size_t j = 0; j < d; ++j) g[j] = sum(total[j]);
    return link.total() + prior(d, q, g);
  }
};

}  // namespace

Density logistic(long n, long d, std::span<const double> x, std::span<const double> y) {
  auto rows = std::make_shared<Rows>(n, d, x, y);
  if (rows->chunks == 2) return [rows](const double* q, double* g) { return rows->run<2>(q, g); };
  return [rows](const double* q, double* g) { return rows->run<0>(q, g); };
}

Density logistic_by_column(long n, long d, std::span<const double> x, std::span<const double> y) {
  if (d != Columns::d || n % W != 0) return {};
  auto columns = std::make_shared<Columns>(n, x, y);
  return [columns](const double* q, double* g) { return columns->run(q, g); };
}

}  // namespace tapir::bench::hand
