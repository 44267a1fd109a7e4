// Scalar rules on blocks of doubles, for draws.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <tapir/autodiff/ops/kernels/table.hpp>

namespace tapir::ops {

/// Draws are made for so many elements side by side.
constexpr std::size_t draw_block = 256;

/// The kernel of a rule of kernels/rules.inc; the result may take an operand's place.
class DoubleRule {
 public:
  explicit DoubleRule(std::string_view name) : kernel_(kernels::find_tile(name, f64)) {}

  template <class... In>
  void operator()(std::size_t n, double* out, const In*... in) const {
    const void* const operands[] = {in...};
    if (n > 0) kernel_(operands, out, static_cast<Index>(n));
  }

 private:
  TileKernel kernel_;
};

/// (whole + 1/2) / 2^52.
inline double uniform_of(std::uint64_t word) {
  return (static_cast<double>(static_cast<std::int64_t>(word >> 12)) + 0.5) * 0x1p-52;
}

}  // namespace tapir::ops
