// Vectors and matrices in long double, for oracles.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <utility>

#include "law_suite.hpp"

namespace tapir::vi::test {

using Matrix = std::vector<Point>;

inline const long double log_2pi = std::log(2 * std::acos(-1.0L));

inline Point vector_of(const Tensor& x) {
  Point result;
  for (Index i = 0; i < x.size(); ++i) result.push_back(x.at(i));
  return result;
}

/// [m, n]
inline Matrix matrix_of(const Point& x, std::size_t columns) {
  Matrix rows(x.size() / columns, Point(columns));
  for (std::size_t i = 0; i < x.size(); ++i) rows[i / columns][i % columns] = x[i];
  return rows;
}
inline Matrix matrix_of(const Tensor& x) {
  return matrix_of(vector_of(x), static_cast<std::size_t>(x.shape().back()));
}

inline Point elements_of(const Matrix& a) {
  Point result;
  for (const Point& row : a) result.insert(result.end(), row.begin(), row.end());
  return result;
}

inline Matrix transposed(const Matrix& a) {
  Matrix result(a[0].size(), Point(a.size()));
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < a[0].size(); ++j) result[j][i] = a[i][j];
  return result;
}

inline Matrix product_of(const Matrix& a, const Matrix& b) {
  Matrix result(a.size(), Point(b[0].size()));
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t k = 0; k < b.size(); ++k)
      for (std::size_t j = 0; j < b[0].size(); ++j) result[i][j] += a[i][k] * b[k][j];
  return result;
}

/// a a'
inline Matrix gram_of(const Matrix& a) { return product_of(a, transposed(a)); }

struct Inverse {
  Matrix matrix;
  long double log_det = 0;  // of the matrix that was inverted
};

/// Gauss-Jordan with row exchanges.
inline Inverse inverse_of(Matrix a) {
  const std::size_t n = a.size();
  Inverse result{Matrix(n, Point(n)), 0};
  for (std::size_t i = 0; i < n; ++i) result.matrix[i][i] = 1;
  for (std::size_t j = 0; j < n; ++j) {
    std::size_t pivot = j;
    for (std::size_t i = j; i < n; ++i)
      if (std::abs(a[i][j]) > std::abs(a[pivot][j])) pivot = i;
    std::swap(a[j], a[pivot]);
    std::swap(result.matrix[j], result.matrix[pivot]);
    const long double head = a[j][j];
    result.log_det += std::log(std::abs(head));
    for (std::size_t k = 0; k < n; ++k) a[j][k] /= head, result.matrix[j][k] /= head;
    for (std::size_t i = 0; i < n; ++i) {
      const long double factor = a[i][j];
      if (i == j || factor == 0) continue;
      for (std::size_t k = 0; k < n; ++k)
        a[i][k] -= factor * a[j][k], result.matrix[i][k] -= factor * result.matrix[j][k];
    }
  }
  return result;
}

/// a x
inline Point applied(const Matrix& a, const Point& x) {
  Point result(a.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < x.size(); ++j) result[i] += a[i][j] * x[j];
  return result;
}

inline long double squared_norm(const Point& x) {
  long double total = 0;
  for (long double e : x) total += e * e;
  return total;
}

/// Skeel's: how much rounding of a matrix moves the solution of its equations.
inline double condition_of(const Matrix& a) {
  const Matrix inverse = inverse_of(a).matrix;
  long double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    long double total = 0;
    for (std::size_t j = 0; j < a.size(); ++j)
      for (std::size_t k = 0; k < a.size(); ++k) total += std::abs(inverse[i][k] * a[k][j]);
    most = std::max(most, total);
  }
  return static_cast<double>(most);
}

/// loc + l z for 20 z, from the middle to where densities vanish.
inline std::vector<Point> points_about(const Point& loc, const Matrix& l) {
  std::vector<Point> points;
  for (int k = 0; k < 20; ++k) {
    Point x = loc;
    const long double size = k < 4 ? 0.1L * k : k < 12 ? k - 3 : 3 * std::exp(0.55L * (k - 12));
    for (std::size_t i = 0; i < l.size(); ++i)
      for (std::size_t j = 0; j < l[0].size(); ++j)
        x[i] += l[i][j] * size * std::sin(3.0L * k + 2.2L * static_cast<long double>(j));
    points.push_back(x);
  }
  return points;
}

inline Tensor table(Index rows, Index columns, const std::vector<double>& elements) {
  return {Shape{rows, columns}, std::span<const double>(elements)};
}
inline Tensor square_of(Index n, const std::vector<double>& rows) { return table(n, n, rows); }

/// A lower triangular factor, its diagonal over some decades.
inline Tensor random_factor(Index n, std::mt19937_64& noise) {
  std::normal_distribution<double> normal_number;
  std::vector<double> l;
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j)
      l.push_back(j > i    ? 0
                  : i == j ? std::exp(3 * normal_number(noise))
                           : std::sinh(2 * normal_number(noise)));
  return square_of(n, l);
}
inline Tensor random_vector(Index n, std::mt19937_64& noise) {
  std::normal_distribution<double> normal_number;
  std::vector<double> x;
  for (Index i = 0; i < n; ++i) x.push_back(std::sinh(4 * normal_number(noise)));
  return {Shape{n}, std::span<const double>(x)};
}
/// Over six decades.
inline double random_positive(std::mt19937_64& noise) {
  return std::pow(10, 6 * std::uniform_real_distribution<double>()(noise) - 3);
}

}  // namespace tapir::vi::test
