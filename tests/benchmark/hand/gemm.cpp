// OpenBLAS and oneDNN, single-threaded.
// SPDX-License-Identifier: BSD-3-Clause
#include "hand/gemm.hpp"

#include <stdexcept>

#include <cblas.h>
#ifdef TAPIR_HAS_ONEDNN
#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#endif

namespace tapir::bench::hand {
namespace {

CBLAS_TRANSPOSE flag(bool transposed) { return transposed ? CblasTrans : CblasNoTrans; }
blasint narrow(long i) { return static_cast<blasint>(i); }

}  // namespace

bool has_gemm(Blas blas) {
#ifdef TAPIR_HAS_ONEDNN
  return blas == Blas::openblas || blas == Blas::onednn;
#else
  return blas == Blas::openblas;
#endif
}

const char* name_of(Blas blas) { return blas == Blas::openblas ? "OpenBLAS" : "oneDNN"; }

void gemm(Blas blas, bool ta, bool tb, long m, long n, long k, const float* a, const float* b, float beta,
          float* c, long lda, long ldb, long ldc) {
  if (blas == Blas::openblas) {
    cblas_sgemm(CblasRowMajor, flag(ta), flag(tb), narrow(m), narrow(n), narrow(k), 1.0F, a, narrow(lda), b,
                narrow(ldb), beta, c, narrow(ldc));
    return;
  }
#ifdef TAPIR_HAS_ONEDNN
  [[maybe_unused]] thread_local const bool alone = (omp_set_num_threads(1), true);
  if (dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, 1.0F, a, lda, b, ldb, beta, c, ldc) != dnnl_success)
    throw std::runtime_error("dnnl_sgemm failed");
#endif
}

void gemm(bool ta, bool tb, long m, long n, long k, const double* a, const double* b, double beta,
          double* c) {
  cblas_dgemm(CblasRowMajor, flag(ta), flag(tb), narrow(m), narrow(n), narrow(k), 1.0, a, narrow(ta ? m : k),
              b, narrow(tb ? k : n), beta, c, narrow(n));
}

void gemv(bool ta, long m, long n, const double* a, const double* x, double* y) {
  cblas_dgemv(CblasRowMajor, flag(ta), narrow(m), narrow(n), 1.0, a, narrow(n), x, 1, 0.0, y, 1);
}

}  // namespace tapir::bench::hand
