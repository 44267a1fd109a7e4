// Vectors for hand-written code: the widest batches of this machine, functions on them, aligned memory.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>

#include <xsimd/xsimd.hpp>

namespace tapir::bench::hand {

// With x86-64-v4's default architecture, some of xsimd 8.1's functions do not compile.
#if defined(__AVX512DQ__)
using Arch = xsimd::avx512dq;
#else
using Arch = xsimd::default_arch;
#endif

template <class T>
using Batch = xsimd::batch<T, Arch>;
template <class T>
inline constexpr long width = static_cast<long>(Batch<T>::size);

template <class T>
Batch<T> load(const T* p) {
  return Batch<T>::load_unaligned(p);
}
template <class T>
void store(T* p, Batch<T> x) {
  x.store_unaligned(p);
}
template <class T>
Batch<T> all(T x) {
  return Batch<T>(x);
}

/// 2^n for whole n.
template <class T>
Batch<T> scaled(Batch<T> x, Batch<T> n) {
#if defined(__AVX512DQ__)
  if constexpr (sizeof(T) == 8)
    return _mm512_scalef_pd(x, n);
  else
    return _mm512_scalef_ps(x, n);
#else
  return xsimd::ldexp(x, xsimd::to_int(n));
#endif
}

/// e^x by the polynomial of Cody & Waite's reduction; 1 to 2 units in the last place, underflows to 0.
inline Batch<double> exp(Batch<double> x) {
  using B = Batch<double>;
  x = xsimd::min(xsimd::max(x, B(-745.0)), B(709.7));
  const B n = xsimd::nearbyint(x * B(1.4426950408889634));
  B r = xsimd::fnma(n, B(0.693145751953125), x);
  r = xsimd::fnma(n, B(1.42860682030941723212e-6), r);
  const B r2 = r * r, r4 = r2 * r2;
  const B p01 = xsimd::fma(r, B(1.0), B(1.0));
  const B p23 = xsimd::fma(r, B(1.0 / 6), B(0.5));
  const B p45 = xsimd::fma(r, B(1.0 / 120), B(1.0 / 24));
  const B p67 = xsimd::fma(r, B(1.0 / 5040), B(1.0 / 720));
  const B p89 = xsimd::fma(r, B(1.0 / 362880), B(1.0 / 40320));
  const B pab = xsimd::fma(r, B(1.0 / 39916800), B(1.0 / 3628800));
  const B low = xsimd::fma(r2, p23, p01);
  const B mid = xsimd::fma(r2, p67, p45);
  const B high = xsimd::fma(r2, pab, p89);
  return scaled(xsimd::fma(r4, xsimd::fma(r4, high, mid), low), n);
}

inline Batch<float> exp(Batch<float> x) {
  using B = Batch<float>;
  x = xsimd::min(xsimd::max(x, B(-103.0F)), B(88.7F));
  const B n = xsimd::nearbyint(x * B(1.44269504F));
  B r = xsimd::fnma(n, B(0.693359375F), x);
  r = xsimd::fnma(n, B(-2.12194440e-4F), r);
  const B r2 = r * r;
  B p = xsimd::fma(B(1.9875691500e-4F), r, B(1.3981999507e-3F));
  p = xsimd::fma(p, r, B(8.3334519073e-3F));
  p = xsimd::fma(p, r, B(4.1665795894e-2F));
  p = xsimd::fma(p, r, B(1.6666665459e-1F));
  p = xsimd::fma(p, r, B(5.0000001201e-1F));
  p = xsimd::fma(p, r2, r + B(1.0F));
  return scaled(p, n);
}

/// tanh x = 1 - 2 / (1 + e^2x): as good as exp but near 0, where the error is absolute.
template <class T>
Batch<T> tanh(Batch<T> x) {
  return all<T>(1) - all<T>(2) / (all<T>(1) + exp(x + x));
}

template <class T>
T sum(Batch<T> x) {
#if defined(__AVX512DQ__)
  if constexpr (sizeof(T) == 8)
    return _mm512_reduce_add_pd(x);
  else
    return _mm512_reduce_add_ps(x);
#else
  return xsimd::hadd(x);
#endif
}

struct Free {
  void operator()(void* p) const { ::operator delete (p, std::align_val_t{64}); }
};
template <class T>
using Array = std::unique_ptr<T[], Free>;
/// Zeros, aligned, with a vector's width beyond the end.
template <class T>
Array<T> array(long size) {
  const auto count = static_cast<std::size_t>(size + width<T>);
  T* p = static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{64}));
  for (std::size_t i = 0; i < count; ++i) p[i] = T{0};
  return Array<T>(p);
}

}  // namespace tapir::bench::hand
