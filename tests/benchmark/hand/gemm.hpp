// Products of matrices for hand-written code, by either library, and two threads to share work.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>

namespace tapir::bench::hand {

enum class Blas { openblas, onednn };

bool has_gemm(Blas blas);
const char* name_of(Blas blas);

/// c [m, n] = op(a) op(b) + beta c, row-major and dense, on the thread that calls. With a flag, the operand
/// lies transposed.
void gemm(Blas blas, bool ta, bool tb, long m, long n, long k, const float* a, const float* b, float beta,
          float* c, long lda, long ldb, long ldc);
void gemm(bool ta, bool tb, long m, long n, long k, const double* a, const double* b, double beta, double* c);
/// y [m or n] = op(a) x, a [m, n].
void gemv(bool ta, long m, long n, const double* a, const double* x, double* y);

/// Runs f(0) .. f(n - 1) on n threads; its owner says how.
using Share = std::function<void(int n, const std::function<void(int)>& f)>;

}  // namespace tapir::bench::hand
