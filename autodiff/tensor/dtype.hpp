// The element types of tensors.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <type_traits>

namespace tapir {

/// Sizes, axes and category-like values.
using Index = std::int64_t;

enum class DType : std::uint8_t { f32, f64, i64 };

inline constexpr DType f32 = DType::f32;
inline constexpr DType f64 = DType::f64;
inline constexpr DType i64 = DType::i64;

constexpr std::size_t size_of(DType dtype) { return dtype == DType::f32 ? 4 : 8; }
constexpr bool is_floating(DType dtype) { return dtype != DType::i64; }
constexpr std::string_view name_of(DType dtype) {
  return dtype == DType::f32 ? "f32" : dtype == DType::f64 ? "f64" : "i64";
}

/// The three C++ types that a tensor's elements can have.
template <class T>
concept Element = std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, Index>;

template <Element T>
inline constexpr DType dtype_of = std::same_as<T, float>    ? DType::f32
                                  : std::same_as<T, double> ? DType::f64
                                                            : DType::i64;

/// The element type that keeps values of an arithmetic C++ type: float, double, or Index for every integer.
template <class A>
  requires std::is_arithmetic_v<A>
using element_for = std::conditional_t<std::is_same_v<std::remove_cv_t<A>, float>, float,
                                       std::conditional_t<std::is_floating_point_v<A>, double, Index>>;

/// Calls `f` with a value of the C++ type that `dtype` names: `dispatch(d, [&](auto zero) { using T = decltype(zero); .. })`.
template <class F>
decltype(auto) dispatch(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f32: return f(float{});
    case DType::f64: return f(double{});
    case DType::i64: break;
  }
  return f(Index{});
}

/// The value in another element type; as i64, what is NaN or beyond its range is 0, and fractions are cut off.
template <Element To, Element From>
constexpr To converted(From x) {
  if constexpr (std::same_as<To, Index> && std::is_floating_point_v<From>)
    return x >= From(-0x1p63) && x < From(0x1p63) ? static_cast<To>(x) : To{0};
  else
    return static_cast<To>(x);
}

}  // namespace tapir
