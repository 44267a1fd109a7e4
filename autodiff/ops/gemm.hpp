// The seam to the library that multiplies matrices.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/autodiff/tensor/dtype.hpp>

namespace tapir::ops {

/// c [m, n] = a [m, k] b [k, n], dense and row-major; an operand with its flag set lies transposed in memory.
struct Product {
  DType dtype = DType::f64;
  bool transpose_a = false;
  bool transpose_b = false;
  Index m = 0;
  Index n = 0;
  Index k = 0;

  double flops() const { return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k); }
};

/// Into how many pieces a product is cut, by rows or by columns of the result: a function of its shape alone.
struct Cut {
  Index pieces = 1;
  bool by_columns = false;
};

/// Every piece packs the whole operand that it does not share in, hence long pieces. Measured at a VAE's products on
/// an AVX-512 machine: one thread loses 0 to 4 % against one call (9 % where both m and n are below 400), two threads
/// gain 1.8 to 1.95.
Cut cut(const Product& product);

/// Piece `piece` of `of.pieces` of the product, on the caller's thread.
void gemm(const Product& product, Cut of, Index piece, const void* a, const void* b, void* c);

/// Settles, once, that BLAS works on the thread that calls it, in the whole process. What prepares a kernel calls it.
void prepare_blas();

}  // namespace tapir::ops
