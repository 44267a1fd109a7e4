// Matrix products by OpenBLAS, cut into single-threaded calls.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/gemm.hpp>

#include <algorithm>
#include <mutex>
#include <type_traits>

#include <cblas.h>

namespace tapir::ops {
namespace {

constexpr CBLAS_TRANSPOSE flag(bool transposed) { return transposed ? CblasTrans : CblasNoTrans; }
constexpr blasint narrow(Index i) { return static_cast<blasint>(i); }

// Some rows and some columns of the result of `whole`.
template <class T>
void multiply(const Product& whole, Index first_row, Index rows, Index first_column, Index columns,
              const T* a, const T* b, T* c) {
  const Index row_a = whole.transpose_a ? whole.m : whole.k;
  const Index row_b = whole.transpose_b ? whole.k : whole.n;
  a += first_row * (whole.transpose_a ? 1 : row_a);
  b += first_column * (whole.transpose_b ? row_b : 1);
  c += first_row * whole.n + first_column;
  if (whole.k == 0) {
    for (Index i = 0; i < rows; ++i) std::fill_n(c + i * whole.n, columns, T{0});
    return;
  }
  // y = matrix * x: with the library's product of a matrix and a vector, which does not pack.
  const auto apply = [&](bool transposed, Index height, Index width, const T* matrix, Index row, const T* x) {
    if constexpr (std::is_same_v<T, float>)
      cblas_sgemv(CblasRowMajor, flag(transposed), narrow(height), narrow(width), 1.0F, matrix, narrow(row),
                  x, 1, 0.0F, c, 1);
    else
      cblas_dgemv(CblasRowMajor, flag(transposed), narrow(height), narrow(width), 1.0, matrix, narrow(row), x,
                  1, 0.0, c, 1);
  };
  if (whole.n == 1) {
    apply(whole.transpose_a, whole.transpose_a ? whole.k : rows, whole.transpose_a ? rows : whole.k, a, row_a,
          b);
  } else if (whole.m == 1) {
    apply(!whole.transpose_b, whole.transpose_b ? columns : whole.k, whole.transpose_b ? whole.k : columns, b,
          row_b, a);
  } else if constexpr (std::is_same_v<T, float>) {
    cblas_sgemm(CblasRowMajor, flag(whole.transpose_a), flag(whole.transpose_b), narrow(rows),
                narrow(columns), narrow(whole.k), 1.0F, a, narrow(row_a), b, narrow(row_b), 0.0F, c,
                narrow(whole.n));
  } else {
    cblas_dgemm(CblasRowMajor, flag(whole.transpose_a), flag(whole.transpose_b), narrow(rows),
                narrow(columns), narrow(whole.k), 1.0, a, narrow(row_a), b, narrow(row_b), 0.0, c,
                narrow(whole.n));
  }
}

// Pieces begin at multiples of this, where the library's innermost tiles do.
constexpr Index unit = 16;

Index boundary(Index size, Index piece, Index pieces) {
  if (piece == pieces) return size;
  return std::min(size, (size + unit - 1) / unit * piece / pieces * unit);
}

}  // namespace

void prepare_blas() {
  static std::once_flag once;
  std::call_once(once, [] { openblas_set_num_threads(1); });
}

Cut cut(const Product& product) {
  constexpr double least_flops = 1e6;  // per piece: about five microseconds
  constexpr Index most_pieces = 16;
  constexpr Index shortest = 64, long_enough = 192;
  const Index length = std::max(product.m, product.n);
  Cut result{1, product.n >= product.m};
  if (length >= 2 * shortest && product.flops() >= 2 * least_flops) result.pieces = 2;
  while (result.pieces < most_pieces && length >= 2 * result.pieces * long_enough &&
         product.flops() >= 2 * static_cast<double>(result.pieces) * least_flops)
    result.pieces *= 2;
  return result;
}

void gemm(const Product& product, Cut of, Index piece, const void* a, const void* b, void* c) {
  if (product.m == 0 || product.n == 0) return;
  const Index length = of.by_columns ? product.n : product.m;
  const Index first = boundary(length, piece, of.pieces);
  const Index count = boundary(length, piece + 1, of.pieces) - first;
  if (count == 0) return;
  const auto run = [&](auto zero) {
    using T = decltype(zero);
    multiply<T>(product, of.by_columns ? 0 : first, of.by_columns ? product.m : count,
                of.by_columns ? first : 0, of.by_columns ? count : product.n, static_cast<const T*>(a),
                static_cast<const T*>(b), static_cast<T*>(c));
  };
  if (product.dtype == DType::f32)
    run(float{});
  else
    run(double{});
}

}  // namespace tapir::ops
