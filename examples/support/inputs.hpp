// Binarised images as the inputs of programs, in memory that is used again.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>

#include <tapir/autodiff/tensor/tensor.hpp>

#include "support/binarise.hpp"

namespace tapir::examples {

/// Tensors f32[rows, pixels], one for each number of rows: what is returned is valid until the same number is
/// asked for again.
class Inputs {
 public:
  /// A copy of 0s and 1s that are there already.
  const Tensor& operator()(const Floats& pixels);

  /// Some images, binarised.
  const Tensor& binarised(const Images& images, std::span<const std::uint32_t> rows, Flips flips);

 private:
  std::map<std::size_t, Tensor> by_rows_;
  Floats pixels_;
};

}  // namespace tapir::examples
