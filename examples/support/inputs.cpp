// Binarised images as the inputs of programs, in memory that is used again.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/inputs.hpp"

#include <xtensor/xnoalias.hpp>

#include <tapir/autodiff/interop/xtensor.hpp>

namespace tapir::examples {

const Tensor& Inputs::operator()(const Floats& pixels) {
  const Shape shape{static_cast<Index>(pixels.shape(0)), static_cast<Index>(pixels.shape(1))};
  Tensor& x = by_rows_.try_emplace(pixels.shape(0), Type{f32, shape}).first->second;
  xt::noalias(as_mutable<float, 2>(x)) = pixels;
  return x;
}

const Tensor& Inputs::binarised(const Images& images, std::span<const std::uint32_t> rows, Flips flips) {
  binarise(images, rows, flips, pixels_);
  return (*this)(pixels_);
}

}  // namespace tapir::examples
