// The seam to the library that factors and solves: one matrix at a time, row-major, in place, on the caller's thread.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/autodiff/tensor/dtype.hpp>

namespace tapir::ops {

/// The Cholesky factor of a symmetric matrix x [n, n], of which the lower triangle is read and overwritten; false if x
/// is not positive definite.
bool factor(Index n, float* x);
bool factor(Index n, double* x);

struct Triangle {
  bool lower = true;
  bool transpose = false;
};

/// x [n, m] becomes op(a)^-1 x, a [n, n] triangular.
void solve(Triangle triangle, Index n, Index m, const float* a, float* x);
void solve(Triangle triangle, Index n, Index m, const double* a, double* x);

}  // namespace tapir::ops
