// Memory with a type: what a custom operation reads and writes.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/autodiff/tensor/shape.hpp>

namespace tapir {

/// Dense row-major elements that belong to someone else.
struct ConstView {
  const void* data = nullptr;
  Type type;
};

/// The same, to be written. What an operation writes never overlaps what it reads.
struct MutableView {
  void* data = nullptr;
  Type type;
};

}  // namespace tapir
