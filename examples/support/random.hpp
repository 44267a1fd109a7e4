// Counter-based random numbers, the same on every compiler and standard library.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <initializer_list>

namespace tapir::examples {

/// The finaliser of splitmix64: a bijection of 64 bits that passes for random.
///
///   source    Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators"
constexpr std::uint64_t mix(std::uint64_t bits) {
  bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9U;
  bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebU;
  return bits ^ (bits >> 31U);
}

/// The golden ratio times 2^64: what a splitmix counter advances by.
inline constexpr std::uint64_t golden = 0x9e3779b97f4a7c15U;

/// A key for the place named by `parts`, e.g. (seed, epoch, image); different places, unrelated keys.
constexpr std::uint64_t random_key(std::initializer_list<std::uint64_t> parts) {
  std::uint64_t key = golden;
  for (const std::uint64_t part : parts) key = mix(mix(key) + part * golden + 1U);
  return key;
}

/// A stream of random numbers: the i-th is a pure function of (key, i).
class Random {
 public:
  explicit constexpr Random(std::uint64_t key) : counter_(key) {}

  constexpr std::uint64_t bits() { return mix(counter_ += golden); }

  /// Uniform in [0, 1), a multiple of 2^-53.
  constexpr double uniform() { return static_cast<double>(bits() >> 11U) * 0x1p-53; }

  /// Uniform in [low, high).
  constexpr double uniform(double low, double high) { return low + (high - low) * uniform(); }

  /// Bell-shaped with mean 0 and standard deviation 1, within +-3.5 (a sum of four uniforms: no libm).
  constexpr double bell() {
    const double sum = uniform() + uniform() + uniform() + uniform();
    return (sum - 2.0) * 1.7320508075688772;
  }

  /// Uniform in 0 .. bound - 1, without bias (Lemire 2019); `bound` is at least 1.
  constexpr std::uint32_t below(std::uint32_t bound) {
    std::uint64_t product = (bits() >> 32U) * bound;
    const std::uint32_t reject = (0U - bound) % bound;
    while (static_cast<std::uint32_t>(product) < reject) product = (bits() >> 32U) * bound;
    return static_cast<std::uint32_t>(product >> 32U);
  }

 private:
  std::uint64_t counter_;
};

}  // namespace tapir::examples
