// What the tests of kernels share: the sets to test, applying a rule, numbers of every kind, errors in ulps.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/autodiff/ops/kernels/table.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace tapir::kernels_test {

using kernels::InstructionSet;
using Wide = long double;

template <class T>
constexpr T infinity = std::numeric_limits<T>::infinity();
template <class T>
constexpr T nan_of = std::numeric_limits<T>::quiet_NaN();

inline std::vector<InstructionSet> supported_sets() {
  std::vector<InstructionSet> sets;
  for (InstructionSet set : {InstructionSet::sse4_2, InstructionSet::avx2, InstructionSet::avx512})
    if (kernels::supported(set)) sets.push_back(set);
  return sets;
}

template <class T>
std::vector<T> apply(std::string_view rule, InstructionSet set, const std::vector<std::vector<T>>& operands) {
  const TileKernel kernel = kernels::find_tile(rule, dtype_of<T>, set);
  REQUIRE_MESSAGE((kernel != nullptr), std::string(rule));
  std::vector<const void*> in;
  for (const auto& operand : operands) in.push_back(operand.data());
  std::vector<T> out(operands[0].size());
  kernel(in.data(), out.data(), static_cast<Index>(out.size()));
  return out;
}

/// The distance of `got` from `want` in units of the last place of T at `scale` (by default, at `want`). Zero for equal
/// infinities and NaNs; a thousand million for what is wrong in kind.
template <class T>
double ulps(T got, Wide want, Wide scale) {
  constexpr double wrong = 1e9;
  using Limits = std::numeric_limits<T>;
  if (std::isnan(want) || std::isnan(got)) return std::isnan(want) && std::isnan(got) ? 0 : wrong;
  if (std::isinf(want)) return static_cast<Wide>(got) == want ? 0 : wrong;
  // Infinity counts as the next number after the largest one.
  const Wide beyond = std::ldexp(Wide(1), Limits::max_exponent);
  const Wide value = std::isinf(got) ? std::copysign(beyond, static_cast<Wide>(got)) : static_cast<Wide>(got);
  const Wide near = std::min(std::fabs(want), beyond);
  if (near == beyond && std::isinf(got)) return std::signbit(got) == std::signbit(want) ? 0 : wrong;
  const int exponent =
      std::fabs(scale) > 0 ? std::ilogb(std::min(std::fabs(scale), beyond / 2)) : Limits::min_exponent;
  const int last = std::max(exponent, Limits::min_exponent - 1) - (Limits::digits - 1);
  return static_cast<double>(std::fabs(value - std::copysign(near, want)) / std::ldexp(Wide(1), last));
}

/// Numbers of every kind and magnitude: special ones, ends of domains, random bits, and intervals where things happen.
template <class T>
std::vector<T> numbers(unsigned seed, int count) {
  using Limits = std::numeric_limits<T>;
  using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  std::vector<T> values = {nan_of<T>};
  const auto both = [&](T x) {
    values.push_back(x);
    values.push_back(-x);
  };
  constexpr double chosen[] = {0.0,  0.25, 0.5,   0.625, 1.0,   1.5,   2.0,   2.5,   3.0,   5.9,  10.2,
                               27.5, 37.0, 88.72, 88.73, 103.9, 709.7, 709.8, 745.1, 6144., 1e10, 1e20};
  for (double x : chosen) both(static_cast<T>(x));
  for (T x : {Limits::denorm_min(), Limits::min() / 4, Limits::min(), Limits::epsilon(), Limits::max() / 2,
              Limits::max()})
    both(x);
  both(1 - Limits::epsilon() / 2);
  both(1 + Limits::epsilon());
  both(infinity<T>);
  both(static_cast<T>(1.5707963267948966));
  both(static_cast<T>(3.141592653589793));
  std::mt19937_64 random(seed);
  for (int i = 0; i < count; ++i) {
    const Word bits = static_cast<Word>(random());
    T x = 0;
    std::memcpy(&x, &bits, sizeof x);
    values.push_back(std::isnan(x) ? nan_of<T> : x);
  }
  for (double range : {1e-3, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 800.0, 1e4, 1e6}) {
    std::uniform_real_distribution<double> uniform(-range, range);
    for (int i = 0; i < count; ++i) values.push_back(static_cast<T>(uniform(random)));
  }
  std::uniform_real_distribution<double> about_one(0.99, 1.01);
  for (int i = 0; i < count; ++i) values.push_back(static_cast<T>(about_one(random)));
  return values;
}

template <class T>
std::vector<T> shuffled(std::vector<T> values, unsigned seed) {
  std::mt19937 random(seed);
  std::shuffle(values.begin(), values.end(), random);
  return values;
}

}  // namespace tapir::kernels_test
