// Box & Muller in pairs.
// SPDX-License-Identifier: BSD-3-Clause
#include "hand/noise.hpp"

#include <cmath>

#include "hand/simd.hpp"

namespace tapir::bench::hand {
namespace {

std::uint32_t hashed(std::uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352dU;
  x ^= x >> 15;
  x *= 0x846ca68bU;
  return x ^ (x >> 16);
}

template <class T>
void fill(T* out, long n, std::uint32_t counter) {
  constexpr long block = 64;
  T u[block], angle[block];
  for (long i = 0; i < n; i += 2 * block) {
    for (long j = 0; j < block; ++j) {
      const auto at = 2 * static_cast<std::uint32_t>(i / 2 + j) + (counter << 16);
      u[j] = (static_cast<T>(hashed(at) >> 8) + T(0.5)) * T(0x1p-24);
      angle[j] = static_cast<T>(hashed(at + 1) >> 8) * T(6.283185307179586 * 0x1p-24);
    }
    T a[block], b[block];
    for (long j = 0; j < block; j += width<T>) {
      const auto radius = xsimd::sqrt(all<T>(-2) * xsimd::log(load(u + j)));
      const auto [sine, cosine] = xsimd::sincos(load(angle + j));
      store(a + j, radius * cosine);
      store(b + j, radius * sine);
    }
    const long left = n - i;
    for (long j = 0; j < block && j < left; ++j) out[i + j] = a[j];
    for (long j = 0; j < block && block + j < left; ++j) out[i + block + j] = b[j];
  }
}

}  // namespace

void fill_normal(float* out, long n, std::uint32_t counter) { fill(out, n, counter); }
void fill_normal(double* out, long n, std::uint32_t counter) { fill(out, n, counter); }

}  // namespace tapir::bench::hand
