// Random well-typed programs over all rows, and what they compute when nothing is planned.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <tapir/autodiff/exec/program.hpp>

namespace tapir::test {

struct RandomOptions {
  /// Continuous rows only, so that a rounding stays one.
  bool smooth = false;
  /// Arrays of several tiles and worth several threads.
  bool large = false;
  /// NaN, infinities, zeros of both signs and subnormal numbers among the inputs.
  bool extreme = false;
  DType dtype = DType::f64;
  int steps = 12;
};

/// A recorded program, the values of its inputs, and those its cells begin with.
struct RandomProgram {
  std::shared_ptr<Tape> tape = Tape::make();
  std::vector<Var> inputs;
  std::vector<Tensor> values;
  std::vector<Var> outputs;
  std::vector<std::shared_ptr<Cell>> cells;
  std::vector<Tensor> initial;

  std::vector<Ref> results() const;
};

/// Elementwise chains with broadcasts, structure, reductions, products, loops and any row at its samples;
/// several outputs, a guard, stores to cells. The same seed gives the same program.
RandomProgram random_program(std::uint64_t seed, RandomOptions options);

/// Adds the gradient of the floating outputs by the floating inputs and the cells to the outputs.
void add_gradient(RandomProgram& program);

/// What two runs in a row give: outputs, and then the cells.
struct Outcome {
  std::vector<Tensor> first;
  std::vector<Tensor> second;
};

/// Node after node by `compute`; then guards, then stores.
Outcome run_eagerly(const RandomProgram& program);
Outcome run_planned(const RandomProgram& program, bool fuse, int threads);

/// Where the two differ in a bit; empty if nowhere.
std::string difference(const Outcome& actual, const Outcome& expected);

}  // namespace tapir::test
