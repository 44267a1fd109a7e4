// Philox4x32-10, and the inverse of the normal distribution function.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <tapir/autodiff/tensor/dtype.hpp>

namespace tapir::ops {

/// A bijection of 64 bits that mixes all of them: the finalizer of splitmix64.
constexpr std::uint64_t mix64(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// One of 2^64 sequences of 2^64 blocks of 128 bits; 2^64 keys.
///
///   source  Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"
struct Philox {
  std::uint64_t key = 0;
  std::uint64_t sequence = 0;

  /// Block `index` in two halves. Counter words: index low, index high, sequence low, sequence high.
  std::array<std::uint64_t, 2> block(std::uint64_t index) const;
  /// Block `index` of sequence 0 of each key: its first halves and its second ones.
  static void blocks_of(const std::uint64_t* keys, Index count, std::uint64_t index, std::uint64_t* first,
                        std::uint64_t* second);
  /// 64-bit words [first, first + count) of the sequence; word i is half i % 2 of block i / 2.
  void fill(Index first, Index count, std::uint64_t* out) const;
};

/// The quantile of the standard normal distribution at 0 < p < 1, to about 1 part in 10^16.
///
///   source  Wichura 1988, algorithm AS 241 (PPND16), Applied Statistics 37, 477-484
double normal_quantile(double p);
/// The same for `count` values in place.
void normal_quantiles(double* p, Index count);

}  // namespace tapir::ops
