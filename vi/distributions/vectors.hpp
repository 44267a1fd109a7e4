// Vectors beside matrices, whose leading axes broadcast: what laws of vectors share.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

#include <tapir/autodiff/ops/linalg.hpp>

namespace tapir::vi {

/// The axes before the last `own`.
Shape leading(const Var& x, int own);
/// Leading axes broadcast together, or an Error of `law`.
Shape joined(std::string_view law, const Shape& a, const Shape& b, Where where);
/// Throws unless the last axes of `x` are `own`: "[Wishart] x is f64[2]; its last axes have to be [3,3]".
void require_own(std::string_view law, const Arg& x, const Shape& own);

/// Matrices as a factor of a product with leading axes `lead`: without those in which they are all the same.
Var factor(const Var& matrix, const Shape& lead);
/// Matrices with all leading axes of `lead`.
Var stretched_matrices(const Var& matrix, const Shape& lead);
/// matrix x, or matrix' x: [.., m, n], [.., n] -> [.., m]. One product for all vectors beside one matrix.
Var product(const Var& matrix, const Var& x, bool transpose, Where where);
/// z with matrix z = x, or matrix' z = x; the matrix is lower triangular: [.., n, n], [.., n] -> [.., n].
Var solved(const Var& matrix, const Var& x, bool transpose, Where where);
/// |z|^2 of solved(matrix, x): [..]
Var squared_distance(const Var& matrix, const Var& x, Where where);

/// The sum of the logarithms of a factor's diagonal: half the log determinant of l l'.
Var half_log_det(const Var& factor);
/// In the dtype of `like`, open if that is.
Var identity(Index n, const Var& like);

}  // namespace tapir::vi
