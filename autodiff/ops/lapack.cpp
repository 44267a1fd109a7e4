// Factors and solutions by OpenBLAS.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/lapack.hpp>

#include <cstddef>

#include <cblas.h>

// LAPACK's C header is another package; these two are all that is needed of it.
extern "C" {
void spotrf_(const char* uplo, const blasint* n, float* a, const blasint* row, blasint* info, std::size_t);
void dpotrf_(const char* uplo, const blasint* n, double* a, const blasint* row, blasint* info, std::size_t);
}

namespace tapir::ops {
namespace {

template <class T, class F>
bool factor_by(F potrf, Index n, T* x) {
  const auto size = static_cast<blasint>(n);
  blasint info = 0;
  potrf("U", &size, x, &size, &info, 1);  // LAPACK sees columns where we have rows: our lower is its upper
  if (info != 0) return false;
  for (Index i = 0; i < n; ++i)
    if (!(x[i * (n + 1)] > T{0})) return false;  // NaN
  return true;
}

}  // namespace

bool factor(Index n, float* x) { return n == 0 || factor_by(spotrf_, n, x); }
bool factor(Index n, double* x) { return n == 0 || factor_by(dpotrf_, n, x); }

void solve(Triangle triangle, Index n, Index m, const float* a, float* x) {
  if (n == 0 || m == 0) return;
  const auto rows = static_cast<blasint>(n), columns = static_cast<blasint>(m);
  cblas_strsm(CblasRowMajor, CblasLeft, triangle.lower ? CblasLower : CblasUpper,
              triangle.transpose ? CblasTrans : CblasNoTrans, CblasNonUnit, rows, columns, 1.0F, a, rows, x,
              columns);
}

void solve(Triangle triangle, Index n, Index m, const double* a, double* x) {
  if (n == 0 || m == 0) return;
  const auto rows = static_cast<blasint>(n), columns = static_cast<blasint>(m);
  cblas_dtrsm(CblasRowMajor, CblasLeft, triangle.lower ? CblasLower : CblasUpper,
              triangle.transpose ? CblasTrans : CblasNoTrans, CblasNonUnit, rows, columns, 1.0, a, rows, x,
              columns);
}

}  // namespace tapir::ops
