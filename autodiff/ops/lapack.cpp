// Factors and solutions by OpenBLAS; the smallest by loops, which are done before it has found its buffers.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/lapack.hpp>

#include <cmath>
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

constexpr Index small = 8;

// Row by row.
template <class T>
bool factor_small(Index n, T* x) {
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j <= i; ++j) {
      const T *left = x + i * n, *above = x + j * n;
      T rest = left[j];
      for (Index k = 0; k < j; ++k) rest -= left[k] * above[k];
      if (i == j && !(rest > T{0})) return false;
      x[i * n + j] = i == j ? std::sqrt(rest) : rest / above[j];
    }
  return true;
}

bool is_small(Index n, Index m) { return n <= small && m <= 2 * small; }

// Substitution, forwards where op(a) is lower triangular.
template <class T>
void solve_small(Triangle triangle, Index n, Index m, const T* a, T* x) {
  const bool forwards = triangle.lower != triangle.transpose;
  const auto element = [&](Index i, Index k) { return triangle.transpose ? a[k * n + i] : a[i * n + k]; };
  for (Index step = 0; step < n; ++step) {
    const Index i = forwards ? step : n - 1 - step;
    T* row = x + i * m;
    for (Index before = 0; before < step; ++before) {
      const Index k = forwards ? before : n - 1 - before;
      const T factor = element(i, k);
      for (Index c = 0; c < m; ++c) row[c] -= factor * x[k * m + c];
    }
    for (Index c = 0; c < m; ++c) row[c] /= a[i * (n + 1)];
  }
}

}  // namespace

bool factor(Index n, float* x) { return n <= small ? factor_small(n, x) : factor_by(spotrf_, n, x); }
bool factor(Index n, double* x) { return n <= small ? factor_small(n, x) : factor_by(dpotrf_, n, x); }

void solve(Triangle triangle, Index n, Index m, const float* a, float* x) {
  if (is_small(n, m)) return solve_small(triangle, n, m, a, x);
  if (n == 0 || m == 0) return;
  const auto rows = static_cast<blasint>(n), columns = static_cast<blasint>(m);
  cblas_strsm(CblasRowMajor, CblasLeft, triangle.lower ? CblasLower : CblasUpper,
              triangle.transpose ? CblasTrans : CblasNoTrans, CblasNonUnit, rows, columns, 1.0F, a, rows, x,
              columns);
}

void solve(Triangle triangle, Index n, Index m, const double* a, double* x) {
  if (is_small(n, m)) return solve_small(triangle, n, m, a, x);
  if (n == 0 || m == 0) return;
  const auto rows = static_cast<blasint>(n), columns = static_cast<blasint>(m);
  cblas_dtrsm(CblasRowMajor, CblasLeft, triangle.lower ? CblasLower : CblasUpper,
              triangle.transpose ? CblasTrans : CblasNoTrans, CblasNonUnit, rows, columns, 1.0, a, rows, x,
              columns);
}

}  // namespace tapir::ops
