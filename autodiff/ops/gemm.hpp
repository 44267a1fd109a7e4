// The seam to the libraries that multiply matrices.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/autodiff/tape/kernel.hpp>

namespace tapir::ops {

/// c [m, n] = a [m, k] b [k, n], dense and row-major; an operand with its flag set lies transposed in memory.
struct Product {
  DType dtype = DType::f64;
  bool transpose_a = false;
  bool transpose_b = false;
  Index m = 0;
  Index n = 0;
  Index k = 0;

  double flops() const {
    return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  }
};

enum class Blas { openblas, onednn };

/// How a product is computed: by which library, and in how many pieces, of rows or of columns of the result. A function
/// of its shape alone.
struct Cut {
  Index pieces = 1;
  bool by_columns = false;
  Blas blas = Blas::openblas;
};

/// Every piece packs the whole operand that it does not share in, hence long pieces. Measured at a VAE's products on
/// an AVX-512 machine: one thread loses 0 to 4 % against one call (9 % where both m and n are below 400), two threads
/// gain 1.8 to 1.95.
///
/// TAPIR_BLAS in the environment (openblas, onednn) decides for all products of f32 matrices; it is read each time.
///
///   errors  "[gemm] TAPIR_BLAS is "mkl"; it can be openblas or onednn"
///           "[gemm] TAPIR_BLAS is onednn, but this build of tapir has no oneDNN"
Cut cut(const Product& product);

/// Piece `piece` of `of.pieces` of the product, on the caller's thread.
///
///   cost  no heap allocation of ours; for packed operands oneDNN takes a buffer and gives it back, and so does OpenBLAS
///         for AVX-512 where the product is small
void gemm(const Product& product, Cut of, Index piece, const void* a, const void* b, void* c);

/// While it lives, the calling thread is in a library's hands; what it allocates there is not ours.
class InsideBlas {
 public:
  InsideBlas();
  ~InsideBlas();
  InsideBlas(const InsideBlas&) = delete;
  InsideBlas& operator=(const InsideBlas&) = delete;
};
bool inside_blas();

/// Settles, once, that BLAS works on the thread that calls it, in the whole process. What prepares a kernel calls it.
void prepare_blas();

/// `count` products of one shape: c[i] = a[i % count_a] b[i % count_b].
struct Products {
  Product each;
  Index count = 1;
  Index count_a = 1;
  Index count_b = 1;
};

/// A kernel with operands a, b and result c, all the products in a row.
Kernel kernel_of(const Products& products);
/// The same for operands of f32 that are rounded to bf16 first; sums in f32.
///
///   cost  oneDNN allocates a few small blocks for each piece
Kernel bf16_kernel_of(const Products& products);

/// A piece of a product that is cut: part of the rows or of the columns of its result.
struct Piece {
  Index first_row, rows, first_column, columns;
  Index row_a, row_b;  // how far apart the rows of the operands are in memory
  Index at_a, at_b, at_c;
};

Piece piece_of(const Product& product, Cut of, Index piece);

}  // namespace tapir::ops
