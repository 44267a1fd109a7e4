// Matrix products by OpenBLAS or oneDNN, cut into single-threaded calls.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/gemm.hpp>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>

#include <cblas.h>

#include <tapir/autodiff/exec/pool.hpp>
#include <tapir/autodiff/ops/onednn.hpp>
#include <tapir/autodiff/tensor/error.hpp>

namespace tapir::ops {
namespace {

thread_local bool is_inside = false;

constexpr CBLAS_TRANSPOSE flag(bool transposed) { return transposed ? CblasTrans : CblasNoTrans; }
constexpr blasint narrow(Index i) { return static_cast<blasint>(i); }

template <class T>
void multiply(const Product& whole, const Piece& p, const T* a, const T* b, T* c) {
  if constexpr (std::is_same_v<T, float>)
    cblas_sgemm(CblasRowMajor, flag(whole.transpose_a), flag(whole.transpose_b), narrow(p.rows),
                narrow(p.columns), narrow(whole.k), 1.0F, a, narrow(p.row_a), b, narrow(p.row_b), 0.0F, c,
                narrow(whole.n));
  else
    cblas_dgemm(CblasRowMajor, flag(whole.transpose_a), flag(whole.transpose_b), narrow(p.rows),
                narrow(p.columns), narrow(whole.k), 1.0, a, narrow(p.row_a), b, narrow(p.row_b), 0.0, c,
                narrow(whole.n));
}

template <class T>
void compute(const Product& whole, const Piece& p, Blas blas, const T* a, const T* b, T* c) {
  a += p.at_a;
  b += p.at_b;
  c += p.at_c;
  if (whole.k == 0) {
    for (Index i = 0; i < p.rows; ++i) std::fill_n(c + i * whole.n, p.columns, T{0});
    return;
  }
  const InsideBlas inside;
  if constexpr (std::is_same_v<T, float>)
    if (blas == Blas::onednn && onednn::sgemm(whole.transpose_a, whole.transpose_b, p.rows, p.columns,
                                              whole.k, a, p.row_a, b, p.row_b, c, whole.n))
      return;
  multiply(whole, p, a, b, c);
}

// Pieces begin at multiples of this, where the library's innermost tiles do.
constexpr Index unit = 16;

Index boundary(Index size, Index piece, Index pieces) {
  if (piece == pieces) return size;
  return std::min(size, (size + unit - 1) / unit * piece / pieces * unit);
}

// oneDNN 2.6 against OpenBLAS 0.3.21 on a Zen 5 core, 1636 products of 1 to 180 Mflop: 14 % less time where this holds
// (7 in 1000 lose more than 10 %), 10 % more where it does not: small ones, and it is slow to pack a transposed b,
// which short rows of c do not repay.
bool is_for_onednn(const Product& product, const Cut& of) {
  constexpr double least_flops = 2e6;
  constexpr Index least_columns = 128;
  if (product.dtype != DType::f32 || product.m == 1 || product.n == 1) return false;
  const Piece piece = piece_of(product, of, 0);
  const double flops = product.flops() / static_cast<double>(of.pieces);
  return flops >= least_flops && !(product.transpose_a && product.transpose_b) &&
         (!product.transpose_b || piece.columns >= least_columns);
}

Blas blas_for(const Product& product, const Cut& of) {
  const char* text = std::getenv("TAPIR_BLAS");
  const std::string_view wanted = text == nullptr ? "" : text;
  if (wanted == "openblas") return Blas::openblas;
  if (wanted == "onednn") {
    if (!onednn::found()) throw Error("gemm", "TAPIR_BLAS is onednn, but this build of tapir has no oneDNN");
    return Blas::onednn;
  }
  if (!wanted.empty())
    throw Error("gemm", "TAPIR_BLAS is \"" + std::string(wanted) + "\"; it can be openblas or onednn");
  return onednn::found() && is_for_onednn(product, of) ? Blas::onednn : Blas::openblas;
}

}  // namespace

InsideBlas::InsideBlas() { is_inside = true; }
InsideBlas::~InsideBlas() { is_inside = false; }
bool inside_blas() { return is_inside; }

void prepare_blas() {
  static std::once_flag once;
  std::call_once(once, [] { openblas_set_num_threads(1); });
}

Cut cut(const Product& product) {
  constexpr double least_flops = 1e6;  // per piece: about five microseconds
  constexpr Index most_pieces = 16;
  constexpr Index shortest = 64, long_enough = 192;
  const Index length = std::max(product.m, product.n);
  Cut result{.by_columns = product.n >= product.m};
  if (length >= 2 * shortest && product.flops() >= 2 * least_flops) result.pieces = 2;
  while (result.pieces < most_pieces && length >= 2 * result.pieces * long_enough &&
         product.flops() >= 2 * static_cast<double>(result.pieces) * least_flops)
    result.pieces *= 2;
  result.blas = blas_for(product, result);
  return result;
}

Piece piece_of(const Product& product, Cut of, Index piece) {
  const Index length = of.by_columns ? product.n : product.m;
  const Index first = boundary(length, piece, of.pieces);
  const Index count = boundary(length, piece + 1, of.pieces) - first;
  Piece p{.first_row = 0,
          .rows = product.m,
          .first_column = 0,
          .columns = product.n,
          .row_a = product.transpose_a ? product.m : product.k,
          .row_b = product.transpose_b ? product.k : product.n,
          .at_a = 0,
          .at_b = 0,
          .at_c = 0};
  (of.by_columns ? p.first_column : p.first_row) = first;
  (of.by_columns ? p.columns : p.rows) = count;
  p.at_a = p.first_row * (product.transpose_a ? 1 : p.row_a);
  p.at_b = p.first_column * (product.transpose_b ? p.row_b : 1);
  p.at_c = p.first_row * product.n + p.first_column;
  return p;
}

void gemm(const Product& product, Cut of, Index piece, const void* a, const void* b, void* c) {
  const Piece p = piece_of(product, of, piece);
  if (p.rows == 0 || p.columns == 0) return;
  const auto run = [&](auto zero) {
    using T = decltype(zero);
    compute(product, p, of.blas, static_cast<const T*>(a), static_cast<const T*>(b), static_cast<T*>(c));
  };
  if (product.dtype == DType::f32)
    run(float{});
  else
    run(double{});
}

Kernel kernel_of(const Products& products) {
  prepare_blas();
  const Product& each = products.each;
  const Cut of = cut(each);
  // Small products go to a thread in groups.
  constexpr double worth_a_thread = 1e6;
  constexpr double most_groups = 64;
  const Index count = products.count;
  const double total = each.flops() * static_cast<double>(count) / worth_a_thread;
  const Index groups =
      std::clamp<Index>(static_cast<Index>(std::min(total, most_groups)), 1, std::max<Index>(count, 1));
  const auto bytes = static_cast<Index>(size_of(each.dtype));
  const auto one = [=](const Buffers& buffers, Index i, Index piece) {
    gemm(each, of, piece, buffers.input<std::byte>(0) + i % products.count_a * each.m * each.k * bytes,
         buffers.input<std::byte>(1) + i % products.count_b * each.k * each.n * bytes,
         buffers.output<std::byte>(0) + i * each.m * each.n * bytes);
  };
  if (of.pieces > 1)
    return Kernel([=](const Buffers& buffers) {
      buffers.pool.run(count * of.pieces,
                       [&](Index piece, int) { one(buffers, piece / of.pieces, piece % of.pieces); });
    });
  return Kernel([=](const Buffers& buffers) {
    buffers.pool.run(groups, [&](Index group, int) {
      for (Index i = count * group / groups; i < count * (group + 1) / groups; ++i) one(buffers, i, 0);
    });
  });
}

}  // namespace tapir::ops
