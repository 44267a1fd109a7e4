// What is asked of oneDNN, which may be absent: single-threaded products of f32 and of bf16.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <tapir/autodiff/tensor/dtype.hpp>

namespace tapir::ops::onednn {

/// Whether this build has oneDNN.
bool found();

/// c = op(a) op(b), as row-major BLAS has it, on the calling thread. False where oneDNN could not: c is then unchanged
/// or partly written.
///
///   cost  oneDNN takes a buffer for packed operands from the heap and gives it back
bool sgemm(bool transpose_a, bool transpose_b, Index m, Index n, Index k, const float* a, Index row_a,
           const float* b, Index row_b, float* c, Index row_c);

/// Empty if this build and this machine multiply bf16 by blocks; else what is missing.
std::string lacks_bf16();

/// The nearest bf16, ties to even; NaN stays NaN.
void round_to_bf16(const float* from, std::uint16_t* to, Index n);

/// Products c [m, n] of bf16 operands, summed in f32: oneDNN's code for them is made beforehand, once for each size.
class Bf16Products {
 public:
  struct Size {
    bool transpose_a, transpose_b;
    Index m, n, k, row_a, row_b, row_c;
  };

  /// For use by up to `callers` threads at a time.
  Bf16Products(const std::vector<Size>& sizes, Index callers);

  /// A product of sizes[size]. No two calls with one `caller` at a time.
  ///
  ///   cost  oneDNN builds a table of its arguments on the heap: six small blocks
  void operator()(Index caller, std::size_t size, const std::uint16_t* a, const std::uint16_t* b,
                  float* c) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace tapir::ops::onednn
