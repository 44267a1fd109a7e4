// Vectors that hold the lower triangle of a matrix, row by row.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/bijectors/triangle.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <tapir/autodiff/ops/structure.hpp>

namespace tapir::vi {
namespace {

Var indices(const std::vector<Index>& elements, const Shape& shape) {
  return Tensor(shape, std::span<const Index>(elements));
}

}  // namespace

Triangle Triangle::filled_by(const Shape& vector, bool with_diagonal, std::string_view bijector,
                             Where where) {
  const Index size = vector.back();
  const auto root = static_cast<Index>(std::sqrt(8.0 * static_cast<double>(size) + 1.0));
  const Triangle triangle(with_diagonal ? (root - 1) / 2 : (root + 1) / 2, with_diagonal);
  if (triangle.size() == size && triangle.n_ > 0) return triangle;
  throw Error(bijector,
              "x has " + std::to_string(size) + " elements; a triangle has " +
                  (with_diagonal ? "1, 3, 6, 10, .." : "0, 1, 3, 6, .. below its diagonal"),
              where);
}

Triangle Triangle::of(const Shape& matrix, bool with_diagonal, std::string_view bijector, Where where) {
  if (matrix[-1] != matrix[-2] || matrix[-1] == 0)
    throw Error(bijector, "y has matrices " + matrix.str() + "; they have to be square", where);
  return {matrix[-1], with_diagonal};
}

// Element 0 of what is taken from is a zero.
Var Triangle::matrix(const Var& vector) const {
  std::vector<Index> from;
  Index next = 1;
  for (Index i = 0; i < n_; ++i)
    for (Index j = 0; j < n_; ++j) from.push_back(j < i + kept_ ? next++ : 0);
  std::vector<std::pair<Index, Index>> widths(static_cast<std::size_t>(vector.rank()));
  widths.back() = {1, 0};
  return take(pad(vector, widths), indices(from, matrix_shape()), -1);
}

Var Triangle::vector(const Var& matrix) const {
  std::vector<Index> from;
  for (Index i = 0; i < n_; ++i)
    for (Index j = 0; j < i + kept_; ++j) from.push_back(i * n_ + j);
  const Shape outer = matrix.shape().take_front(matrix.rank() - 2);
  return take(reshape(matrix, outer + Shape{n_ * n_}), indices(from, vector_shape()), -1);
}

Var Triangle::diagonal(const Var& vector) const {
  std::vector<Index> from;
  for (Index i = 0; i < n_; ++i) from.push_back(i * (i + 3) / 2);
  return take(vector, indices(from, {n_}), -1);
}

}  // namespace tapir::vi
