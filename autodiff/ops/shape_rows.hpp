// Rows that are differentiable once in their shapes.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <tapir/autodiff/ops/rows.hpp>

namespace tapir::ops {

/// The first `shapes` operands take first derivatives only.
inline Row once_in_shapes(Row row, std::size_t shapes) {
  for (Sample& sample : row.samples)
    for (std::size_t i = 0; i < shapes; ++i) sample.operands[i].once = true;
  return row;
}

/// The derivative by a shape of what is one already.
inline Scaled refused(const char* op, const char* operand) {
  return [op, operand](const Recorded&, const Var&) -> Var {
    throw Error(op, "has no derivative by the shape " + std::string(operand) +
                        ": second derivatives by shapes are not there");
  };
}

/// The row of a derivative by a shape: its own ones by the shapes are refused, and the suite takes none.
inline Row slope_row(std::string name, std::vector<Scaled> rules, std::vector<Domain> domains) {
  const std::size_t shapes = rules.size() - 1;
  Row row = elementwise(std::move(name), std::move(rules), std::move(domains));
  for (Sample& sample : row.samples)
    for (std::size_t i = 0; i < shapes; ++i) {
      const Shape of = sample.operands[i].shape;
      sample.operands[i] = {of, 1, 4, Operand::Fill::whole};
    }
  return row;
}

}  // namespace tapir::ops
