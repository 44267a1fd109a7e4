// ZeroSumNormal: its rows, its errors; the bijector onto its values.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/zero_sum_normal.hpp>

#include <limits>

#include <doctest/doctest.h>

#include <tapir/vi/bijectors/zero_sum.hpp>
#include <tapir/vi/kl.hpp>

#include "bijector_suite.hpp"
#include "matrices.hpp"
#include "recorded_run.hpp"
#include "vector_suite.hpp"

namespace tapir::vi::test {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// Helmert's: n - 1 orthonormal rows, each of sum 0.
Matrix basis_of(std::size_t n) {
  Matrix rows(n - 1, Point(n));
  for (std::size_t i = 0; i + 1 < n; ++i) {
    const auto k = static_cast<long double>(i + 1);
    for (std::size_t j = 0; j <= i; ++j) rows[i][j] = 1 / std::sqrt(k * (k + 1));
    rows[i][i + 1] = -k / std::sqrt(k * (k + 1));
  }
  return rows;
}

// Of arrays of one or two axes.
Matrix basis_of(const Shape& shape) {
  const Matrix last = basis_of(static_cast<std::size_t>(shape.back()));
  if (shape.rank() == 1) return last;
  Matrix result;
  for (const Point& outer : basis_of(static_cast<std::size_t>(shape[0])))
    for (const Point& inner : last) {
      Point row;
      for (long double a : outer)
        for (long double b : inner) row.push_back(a * b);
      result.push_back(row);
    }
  return result;
}

VectorRow row_of(const Shape& shape) {
  const Matrix basis = basis_of(shape);
  const auto size = static_cast<std::size_t>(shape.size());
  Point far(size), uneven(size);
  far[0] = static_cast<long double>(infinity), uneven[0] = 1e-3L;
  return {.name = "ZeroSumNormal of " + shape.str(),
          .make =
              [shape](const std::vector<Var>& p) {
                return ZeroSumNormal{p[0], shape};
              },
          .cases = {{Tensor(1.5)}, {Tensor(0.25)}, {Tensor(1000.0)}, {Tensor(1e-6)}},
          .extremes = {{Tensor(1e-30)}, {Tensor(1e-15)}, {Tensor(1e15)}, {Tensor(1e30)}},
          .log_prob =
              [basis](const Parameters& p, const Point& x) {
                const long double scale = p[0].item(), count = static_cast<long double>(basis.size());
                return -squared_norm(applied(basis, x)) / (2 * scale * scale) -
                       count * (std::log(scale) + log_2pi / 2);
              },
          .points =
              [basis, size](const Parameters& p) {
                Matrix l = transposed(basis);
                for (Point& row : l)
                  for (long double& e : row) e *= p[0].item();
                return points_about(Point(size), l);
              },
          .outside = {far, uneven},
          .projections = {{[](const Parameters&, const Point& x) { return static_cast<double>(x[0]); },
                           [basis, size](const Parameters& p, double x) -> long double {
                             const double share =
                                 static_cast<double>(basis.size()) / static_cast<double>(size);
                             return std::erfc(-x / (p[0].item() * std::sqrt(2 * share))) / 2;
                           }}},
          .random = [](std::mt19937_64& noise) { return Parameters{Tensor(random_positive(noise))}; }};
}

const ListedVector three{row_of({3})};
const ListedVector table_of_six{row_of({2, 3})};

// The reflection that takes the last direction to minus the middle one, of the free numbers and a 0, along
// each axis.
Point reflected(const Point& x, std::size_t rows, std::size_t columns) {
  const auto along_rows = [](const Matrix& free) {
    Matrix result;
    for (Point line : free) {
      line.push_back(0);
      const long double root = std::sqrt(static_cast<long double>(line.size()));
      Point v(line.size(), 1 / root);
      v.back() += 1;
      long double share = 0;
      for (std::size_t i = 0; i < v.size(); ++i) share += 2 * v[i] * line[i] / squared_norm(v);
      for (std::size_t i = 0; i < v.size(); ++i) line[i] -= share * v[i];
      result.push_back(line);
    }
    return result;
  };
  const Matrix wide = along_rows(matrix_of(x, columns));
  return elements_of(rows == 1 ? wide : transposed(along_rows(transposed(wide))));
}

const ListedBijector of_vectors{
    {.name = "ZeroSum",
     .make = [](const std::vector<Var>&) { return ZeroSum{}; },
     .x = tame(4, 3),
     .forward = [](const Parameters&, const Point& x) { return reflected(x, 1, 3); }}};
const ListedBijector of_tables{
    {.name = "ZeroSum of tables",
     .make = [](const std::vector<Var>&) { return ZeroSum{.axes = 2}; },
     .x = tame(4, 6).reshaped({4, 2, 3}),
     .forward = [](const Parameters&, const Point& x) { return reflected(x, 2, 3); }}};

}  // namespace

TEST_CASE("ZeroSumNormal: errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(ZeroSumNormal{-1, {3}}).check(at);
        }) == "[ZeroSumNormal] scale is -1, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] {
          (void)ZeroSumNormal{1, {1}}.sample(Key(1), {}, at);
        }) == "[ZeroSumNormal] shape is [1]; it needs axes, of at least 2 each (at model.cpp:7)");
  CHECK(error_of([&] {
          (void)ZeroSumNormal{1, {}}.mean(at);
        }) == "[ZeroSumNormal] shape is []; it needs axes, of at least 2 each (at model.cpp:7)");
  CHECK(error_of([&] {
          (void)ZeroSumNormal{1, {3}}.log_prob({column({1, 2}), at});
        }) == "[ZeroSumNormal] x is f64[2]; its last axes have to be [3] (at model.cpp:7)");
  CHECK(error_of([&] {
          (void)kl(ZeroSumNormal{1, {3}}, ZeroSumNormal{1, {2}}, at);
        }) == "[kl] arrays of [3] and [2] (at model.cpp:7)");
  CHECK(error_of([&] {
          (void)Bijector(ZeroSum{}).inverse({column({1}), at});
        }) == "[ZeroSum] y has an axis of 1; it has to be of at least 2 (at model.cpp:7)");
}

TEST_CASE("ZeroSumNormal: what is wrong with a value names the axis") {
  const Support set = Support::zero_sum(2);
  CHECK(!set.violation(table(2, 2, {1, -1, -1, 1})));
  CHECK(*set.violation(table(2, 2, {1, -1, -1, 2})) == "sums to 1 along axis 0, needs to sum to 0");
  CHECK(*set.violation(table(2, 2, {1, 1, -1, -1})) == "sums to 2 along axis 1, needs to sum to 0");
  CHECK(*set.violation(column({1, -1})) == "is f64[2], needs to be a matrix");
  CHECK(set.str() == "arrays of sum 0 along each axis");
}

}  // namespace tapir::vi::test
