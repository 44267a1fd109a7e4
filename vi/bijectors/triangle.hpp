// Vectors that hold the lower triangle of a matrix, row by row.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

#include <tapir/autodiff/tape/var.hpp>

namespace tapir::vi {

/// The lower triangle of n x n matrices, with the diagonal or without.
class Triangle {
 public:
  Triangle(Index n, bool with_diagonal) : n_(n), kept_(with_diagonal ? 1 : 0) {}
  /// The one that vectors of this shape fill, or an Error of `bijector`.
  static Triangle filled_by(const Shape& vector, bool with_diagonal, std::string_view bijector, Where where);
  /// The one of matrices of this shape, or an Error of `bijector`.
  static Triangle of(const Shape& matrix, bool with_diagonal, std::string_view bijector, Where where);

  Index rows() const { return n_; }
  Index size() const { return n_ * (n_ - 1 + 2 * kept_) / 2; }
  Shape vector_shape() const { return {size()}; }
  Shape matrix_shape() const { return {n_, n_}; }

  /// [.., size] -> [.., n, n], zeros elsewhere.
  Var matrix(const Var& vector) const;
  /// [.., n, n] -> [.., size]
  Var vector(const Var& matrix) const;
  /// The elements of a vector that lie on the diagonal.
  Var diagonal(const Var& vector) const;

 private:
  Index n_;
  Index kept_;  // elements of the diagonal in each row
};

}  // namespace tapir::vi
