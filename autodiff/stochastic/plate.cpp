// Shapes and scales of plates.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/stochastic/plate.hpp>

namespace tapir {

Shape shape_of(const Plates& plates) {
  Shape shape;
  for (const Plate& plate : plates) shape.append(plate.count);
  return shape;
}

double scale_of(const Plates& plates) {
  double scale = 1.0;
  for (const Plate& plate : plates) scale *= plate.scale();
  return scale;
}

int find_plate(const Plates& plates, const std::string& name) {
  for (std::size_t i = 0; i < plates.size(); ++i)
    if (plates[i].name == name) return static_cast<int>(i);
  return -1;
}

}  // namespace tapir
