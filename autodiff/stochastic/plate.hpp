// Plate: conditionally independent elements along one axis.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include <tapir/autodiff/tensor/shape.hpp>

namespace tapir {

/// `count` of `size` elements are present: a minibatch when they differ. Plates of one name are one plate.
struct Plate {
  std::string name;
  Index size = 0;
  Index count = 0;

  bool is_subsampled() const { return count != size; }
  /// N / n
  double scale() const { return static_cast<double>(size) / static_cast<double>(count); }
  friend bool operator==(const Plate&, const Plate&) = default;
};

/// Outermost first.
using Plates = std::vector<Plate>;

/// The shape of one number per plate element.
Shape shape_of(const Plates& plates);
/// The product of N / n.
double scale_of(const Plates& plates);
/// The place of the plate of this name, or -1.
int find_plate(const Plates& plates, const std::string& name);

}  // namespace tapir
