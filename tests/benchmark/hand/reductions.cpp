// Each in one pass over the data where there is one to be had, in the order of memory.
// SPDX-License-Identifier: BSD-3-Clause
#include "hand/reductions.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "hand/simd.hpp"

namespace tapir::bench::hand {
namespace {

using B = Batch<float>;
constexpr long W = width<float>;
constexpr float lowest = -std::numeric_limits<float>::infinity();

float total(const float* x, long n) {
  std::array<B, 8> sums;
  sums.fill(B(0.0F));
  long i = 0;
  for (; i + 8 * W <= n; i += 8 * W)
    for (long k = 0; k < 8; ++k) sums[static_cast<std::size_t>(k)] += load(x + i + k * W);
  for (; i + W <= n; i += W) sums[0] += load(x + i);
  for (std::size_t k = 1; k < 8; ++k) sums[0] += sums[k];
  float result = sum(sums[0]);
  for (; i < n; ++i) result += x[i];
  return result;
}

float largest(const float* x, long n) {
  std::array<B, 4> most;
  most.fill(B(lowest));
  long i = 0;
  for (; i + 4 * W <= n; i += 4 * W)
    for (long k = 0; k < 4; ++k)
      most[static_cast<std::size_t>(k)] = xsimd::max(most[static_cast<std::size_t>(k)], load(x + i + k * W));
  for (; i + W <= n; i += W) most[0] = xsimd::max(most[0], load(x + i));
  float lanes[W];
  store(lanes, xsimd::max(xsimd::max(most[0], most[1]), xsimd::max(most[2], most[3])));
  float result = *std::max_element(lanes, lanes + W);
  for (; i < n; ++i) result = std::max(result, x[i]);
  return result;
}

float logsumexp(const float* x, long n) {
  const float most = largest(x, n);
  B a(0.0F), b(0.0F);
  long i = 0;
  for (; i + 2 * W <= n; i += 2 * W) {
    a += exp(load(x + i) - B(most));
    b += exp(load(x + i + W) - B(most));
  }
  float result = sum(a + b);
  for (; i < n; ++i) result += std::exp(x[i] - most);
  return most + std::log(result);
}

// Columns in strips of eight vectors, down all rows.
template <class Each>
void strips(long columns, const Each& each) {
  long j = 0;
  for (; j + 8 * W <= columns; j += 8 * W) each.template operator()<8>(j);
  for (; j + W <= columns; j += W) each.template operator()<1>(j);
  for (; j < columns; ++j) each.one(j);
}

struct ColumnSums {
  long rows, columns;
  const float* x;
  float* out;
  template <std::size_t N>
  void operator()(long j) const {
    std::array<B, N> sums;
    sums.fill(B(0.0F));
    for (long i = 0; i < rows; ++i)
      for (std::size_t k = 0; k < N; ++k) sums[k] += load(x + i * columns + j + static_cast<long>(k) * W);
    for (std::size_t k = 0; k < N; ++k) store(out + j + static_cast<long>(k) * W, sums[k]);
  }
  void one(long j) const {
    out[j] = 0;
    for (long i = 0; i < rows; ++i) out[j] += x[i * columns + j];
  }
};

struct ColumnLogSumExps {
  long rows, columns;
  const float* x;
  float* out;
  template <std::size_t N>
  void operator()(long j) const {
    std::array<B, N> most, sums;
    most.fill(B(lowest));
    sums.fill(B(0.0F));
    const auto at = [&](long i, std::size_t k) {
      return load(x + i * columns + j + static_cast<long>(k) * W);
    };
    for (long i = 0; i < rows; ++i)
      for (std::size_t k = 0; k < N; ++k) most[k] = xsimd::max(most[k], at(i, k));
    for (long i = 0; i < rows; ++i)
      for (std::size_t k = 0; k < N; ++k) sums[k] += exp(at(i, k) - most[k]);
    for (std::size_t k = 0; k < N; ++k)
      store(out + j + static_cast<long>(k) * W, most[k] + xsimd::log(sums[k]));
  }
  void one(long j) const {
    float most = lowest, sums = 0;
    for (long i = 0; i < rows; ++i) most = std::max(most, x[i * columns + j]);
    for (long i = 0; i < rows; ++i) sums += std::exp(x[i * columns + j] - most);
    out[j] = most + std::log(sums);
  }
};

// ---- rows shorter than two vectors ----

constexpr long narrow = 2 * W;

// f(block) for W rows at a time, transposed: block[j] holds element j of each of them.
template <class F>
void transposed(long rows, long columns, const float* x, const F& f) {
  std::array<B, narrow> block;
  alignas(64) float lanes[W];
  for (long i = 0; i < rows; i += W) {
    const long count = std::min(W, rows - i);
    for (long j = 0; j < columns; ++j) {
      for (long r = 0; r < W; ++r) lanes[r] = x[(i + std::min(r, count - 1)) * columns + j];
      block[static_cast<std::size_t>(j)] = load(lanes);
    }
    f(i, count, block);
  }
}

void put(float* out, long count, B value) {
  if (count == W) return store(out, value);
  float lanes[W];
  store(lanes, value);
  std::copy_n(lanes, count, out);
}

// W rows are as many vectors as there are columns: the pattern of columns repeats. f(k, vector) for vector k
// of the pattern, then rest(e) for the elements that are left.
template <class F, class Rest>
void periodic(long rows, long columns, const float* x, const F& f, const Rest& rest) {
  long i = 0;
  for (; i + W <= rows; i += W)
    for (long k = 0; k < columns; ++k) f(static_cast<std::size_t>(k), load(x + i * columns + k * W));
  for (long e = i * columns; e < rows * columns; ++e) rest(e);
}

// Lane r of vector k belongs to column (k W + r) % columns.
template <class Fold>
void folded(long columns, const std::array<B, narrow>& pattern, float* out, const Fold& fold) {
  float lanes[W];
  for (long k = 0; k < columns; ++k) {
    store(lanes, pattern[static_cast<std::size_t>(k)]);
    for (long r = 0; r < W; ++r) {
      float& to = out[(k * W + r) % columns];
      to = fold(to, lanes[r]);
    }
  }
}

void narrow_sum(long rows, long columns, const float* x, float* out) {
  std::array<B, narrow> sums;
  sums.fill(B(0.0F));
  std::fill_n(out, columns, 0.0F);
  periodic(
      rows, columns, x, [&](std::size_t k, B v) { sums[k] += v; }, [&](long e) { out[e % columns] += x[e]; });
  folded(columns, sums, out, [](float a, float b) { return a + b; });
}

void narrow_logsumexp(long rows, long columns, const float* x, float* out) {
  std::array<B, narrow> most, sums;
  std::array<float, narrow> largest_of, sum_of{};
  most.fill(B(lowest));
  largest_of.fill(lowest);
  const auto larger = [](float a, float b) { return std::max(a, b); };
  const auto of = [&](long e) { return static_cast<std::size_t>(e % columns); };
  periodic(
      rows, columns, x, [&](std::size_t k, B v) { most[k] = xsimd::max(most[k], v); },
      [&](long e) { largest_of[of(e)] = larger(largest_of[of(e)], x[e]); });
  folded(columns, most, largest_of.data(), larger);
  for (long k = 0; k < columns; ++k) {
    float lanes[W];
    for (long r = 0; r < W; ++r) lanes[r] = largest_of[of(k * W + r)];
    most[static_cast<std::size_t>(k)] = load(lanes);
  }
  sums.fill(B(0.0F));
  periodic(
      rows, columns, x, [&](std::size_t k, B v) { sums[k] += exp(v - most[k]); },
      [&](long e) { sum_of[of(e)] += std::exp(x[e] - largest_of[of(e)]); });
  folded(columns, sums, sum_of.data(), [](float a, float b) { return a + b; });
  for (long j = 0; j < columns; ++j) out[j] = largest_of[of(j)] + std::log(sum_of[of(j)]);
}

void short_sums(long rows, long columns, const float* x, float* out) {
  transposed(rows, columns, x, [&](long i, long count, const std::array<B, narrow>& block) {
    B total = block[0];
    for (long j = 1; j < columns; ++j) total += block[static_cast<std::size_t>(j)];
    put(out + i, count, total);
  });
}

void short_logsumexps(long rows, long columns, const float* x, float* out) {
  transposed(rows, columns, x, [&](long i, long count, const std::array<B, narrow>& block) {
    B most = block[0], total(0.0F);
    for (long j = 1; j < columns; ++j) most = xsimd::max(most, block[static_cast<std::size_t>(j)]);
    for (long j = 0; j < columns; ++j) total += exp(block[static_cast<std::size_t>(j)] - most);
    put(out + i, count, most + xsimd::log(total));
  });
}

}  // namespace

void sum_over(int axis, long rows, long columns, const float* x, float* out) {
  if (axis == 0 && columns < narrow) return narrow_sum(rows, columns, x, out);
  if (axis == 1 && columns < narrow) return short_sums(rows, columns, x, out);
  if (axis < 0) *out = total(x, rows * columns);
  if (axis == 0) strips(columns, ColumnSums{rows, columns, x, out});
  if (axis == 1)
    for (long i = 0; i < rows; ++i) out[i] = total(x + i * columns, columns);
}

void logsumexp_over(int axis, long rows, long columns, const float* x, float* out) {
  if (axis == 0 && columns < narrow) return narrow_logsumexp(rows, columns, x, out);
  if (axis == 1 && columns < narrow) return short_logsumexps(rows, columns, x, out);
  if (axis < 0) *out = logsumexp(x, rows * columns);
  if (axis == 0) strips(columns, ColumnLogSumExps{rows, columns, x, out});
  if (axis == 1)
    for (long i = 0; i < rows; ++i) out[i] = logsumexp(x + i * columns, columns);
}

void cumsum_along(int axis, long rows, long columns, const float* x, float* out) {
  if (axis == 0) {
    std::copy_n(x, columns, out);
    for (long i = 1; i < rows; ++i)
      for (long j = 0; j < columns; ++j)
        out[i * columns + j] = out[(i - 1) * columns + j] + x[i * columns + j];
    return;
  }
  long i = 0;
  for (; i + 4 <= rows; i += 4) {  // four chains of additions at once
    std::array<float, 4> sums{};
    for (long j = 0; j < columns; ++j)
      for (long k = 0; k < 4; ++k)
        out[(i + k) * columns + j] = sums[static_cast<std::size_t>(k)] += x[(i + k) * columns + j];
  }
  for (; i < rows; ++i) {
    float running = 0;
    for (long j = 0; j < columns; ++j) out[i * columns + j] = running += x[i * columns + j];
  }
}

void take_rows(long count, long columns, const long* index, const float* x, float* out) {
  for (long i = 0; i < count; ++i) std::copy_n(x + index[i] * columns, columns, out + i * columns);
}

void gather_along(long rows, long columns, long count, const long* index, const float* x, float* out) {
  for (long i = 0; i < rows; ++i)
    for (long j = 0; j < count; ++j) out[i * count + j] = x[i * columns + index[i * count + j]];
}

}  // namespace tapir::bench::hand
