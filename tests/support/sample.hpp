// Operands of samples, made from a fixed seed: the same numbers on every machine.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <tapir/autodiff/tape/op.hpp>

namespace tapir::test {

/// splitmix64: the distributions of the standard library differ between its implementations.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits();
  /// In [low, high); a number that f32 holds too, so that both precisions compute on the same one.
  double uniform(double low, double high);
  /// low .. high, both included.
  Index whole(Index low, Index high);

 private:
  std::uint64_t state_;
};

/// Operand number `number` of a sample, see Operand::Fill. All numbers are whole in i64.
Tensor make(const Operand& operand, DType dtype, Generator& random, int number = 0);
std::vector<Tensor> make(const Sample& sample, DType dtype, Generator& random);

/// Uniform in [-1, 1): cotangents, tangents and the directions of differences.
Tensor direction(const Type& type, Generator& random);

/// Tensors of one type side by side: [n] ++ shape.
Tensor stacked(std::span<const Tensor> rows);

/// Gives an element of `type` the value, rounded to its dtype.
void assign(Tensor& tensor, Index i, double value);

}  // namespace tapir::test
