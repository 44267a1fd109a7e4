// Products and linear algebra on the last two axes; leading axes are batches.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include <tapir/autodiff/tape/var.hpp>

namespace tapir {

/// What a product of f32 matrices is computed in.
///   full  f32
///   bf16  operands rounded to bf16 (8 significant bits), products summed in f32: for networks, where the processor has
///         AVX512_BF16 or AMX. Operands, results and gradients stay f32; derivatives by such a product are such products.
enum class Precision { full, bf16 };

struct MatmulOptions {
  bool transpose_a = false;
  bool transpose_b = false;
  Precision precision = Precision::full;
};

/// a [.., m, k] b [.., k, n]; with a flag set, that operand lies transposed in memory: no copy is made. A vector is not
/// taken: expand_dims says which side is meant.
///
///   shapes    leading axes are equal, or one operand lacks outer ones and is used again for each of them
///   gradient  da = g b', db = a' g; summed over axes that an operand lacks
///   errors    "[matmul] inner dimensions differ: a is f64[3,4], b is f64[5,6]"
///             "[matmul] leading axes differ: a is f64[2,3,4], b is f64[5,4,6]; they have to be equal, or one operand
///             has none"
///             "[matmul] a vector is not taken: a is f64[4], b is f64[4,2]; expand_dims says which side of the product
///             it is"
///             "[matmul] is not defined for i64: a is i64[2,2], b is i64[2,2]; cast both"
///             "[matmul] precision bf16 is for f32: a is f64[2,2], b is f64[2,2]"
///             "[matmul] precision bf16 is not to be had: this build of tapir has no oneDNN (Debian's libdnnl-dev; CMake
///             option TAPIR_ONEDNN)", or "...: this machine's processor has neither AVX512_BF16 nor AMX"
///   cost      2 m n k flops per product, by BLAS, cut by shape into single-threaded calls; one right factor for many
///             left ones is one product. bf16: about 0.6 of the time with AVX512_BF16
Var matmul(Arg a, Arg b, MatmulOptions options = {});

/// Sum over the last axis of a * b, whose leading axes broadcast.
///
///   errors    "[dot] the last axes differ: f64[3] and f64[4]"
Var dot(Arg a, Arg b);

/// a [m], b [n] -> [m, n]
///
///   errors    "[outer] needs two vectors: f64[3] and f64[2,2]"
Var outer(Arg a, Arg b);

/// Sums of products named by index, of two operands: "bij,bjk->bik". An index that the result lacks is summed over.
///
///   errors    "[einsum] the formula "ij,jk" is not of the form "ij,jk->ik""
///             "[einsum] index i stands twice in "ii": "ii,i->i""
///             "[einsum] index k of the result stands in no operand: "ij,j->k""
///             "[einsum] a is f64[3], the formula gives it 2 indices: "ij""
///             "[einsum] index j has size 3 in a and 4 in b"
///   cost      that of one matmul, and of a transpose per operand and for the result where the order asks for it
Var einsum(const std::string& formula, Arg a, Arg b);

/// Lower triangular L with L L' = x. Of x, the symmetric part (x + x') / 2 counts; it has to be positive definite.
///
///   shapes    x [.., n, n]  ->  [.., n, n]
///   gradient  dx = (S + S') / 2, S = L^-T P(L' g) L^-1, P the lower triangle with its diagonal halved
///   errors    not positive definite: NaN in the result, which the guard of a training step reports; on plain values
///             "[cholesky] x is not positive definite: f64[2,2]"
///             "[cholesky] matrix 3 of x is not positive definite: f64[5,2,2]"
///   source    Murray 2016, Differentiation of the Cholesky decomposition, eq. 8 and 10
Var cholesky(Arg x);

/// 1 where the symmetric part of x has a Cholesky factor, 0 where it has none; 1 where there is a NaN.
///
///   shapes    x [.., n, n]  ->  [..]
///   gradient  none
Var is_positive_definite(Arg x);

struct SolveOptions {
  bool lower = true;
  bool transpose = false;
};

/// x with op(a) x = b, a triangular (the other triangle is not read).
///
///   shapes    a [.., n, n], b [.., n, m]  ->  [.., n, m]; leading axes as for matmul
///   gradient  db = op(a)^-T g, da = -(the triangle of db x')
///   errors    "[triangular_solve] sizes differ: a is f64[3,3], b is f64[2,1]; b needs as many rows as a"
///             "[triangular_solve] a is f64[3,2]; it has to be square"
Var triangular_solve(Arg a, Arg b, SolveOptions options = {});

/// x with (l l') x = b, l lower triangular: l [.., n, n], b [.., n, m].
Var cholesky_solve(Arg l, Arg b);

/// log |x| of a symmetric positive definite matrix: [.., n, n] -> [..].
///
///   gradient  dx = g x^-1
///   errors    those of cholesky
Var logdet(Arg x);

/// The diagonal: [.., n, n] -> [.., n].
///
///   gradient  dx = diag_embed(g)
///   errors    "[diag] x is f64[2,3]; it has to be square"
Var diag(Arg x);

/// Of the rows of a square matrix: the sum of squares left of the diagonal, the diagonal, and the sum of magnitudes
/// right of it.
///
///   shapes    x [.., n, n]  ->  [.., n] each
///   gradient  dx = 2 g x left of the diagonal, g on it, g sign(x) right of it
///   errors    "[triangle_rows] x is f64[2,3]; it has to be square"
struct TriangleRows {
  Var left, diagonal, right;
};
TriangleRows triangle_rows(Arg x);

/// A diagonal matrix: [.., n] -> [.., n, n].
///
///   gradient  dx = diag(g)
Var diag_embed(Arg x);

/// The sum of the diagonal: [.., n, n] -> [..].
Var trace(Arg x);

}  // namespace tapir
