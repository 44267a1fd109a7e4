// LKJCholesky: its rows, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/lkj_cholesky.hpp>

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <doctest/doctest.h>

#include <tapir/autodiff/ops/linalg.hpp>

#include "matrices.hpp"
#include "vector_case.hpp"

namespace tapir::vi::test {
namespace {

// Of correlation matrices: Lewandowski, Kurowicka & Joe 2009, eq. 16, times the Jacobian prod L_ii^(n - 1 -
// i) of R = L L'. The constant is theirs, of beta functions of equal arguments, by lgamma.
long double log_density(double concentration, const Point& x) {
  const Matrix l =
      matrix_of(x, static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(x.size())))));
  const long double eta = concentration, n = static_cast<long double>(l.size());
  long double result = 0;
  for (std::size_t i = 1; i < l.size(); ++i) {
    Point left(l[i].begin(), l[i].begin() + static_cast<std::ptrdiff_t>(i));
    const long double squares = squared_norm(left);
    const long double log_diagonal = squares < 0.5L ? std::log1p(-squares) / 2 : std::log(l[i][i]);
    result += (2 * (eta - 1) + n - 1 - static_cast<long double>(i)) * log_diagonal;
    const long double rest = n - static_cast<long double>(i), half = eta + (rest - 1) / 2;
    const long double log_beta = 2 * boost::math::lgamma(half) - boost::math::lgamma(2 * half);
    result -= rest * ((2 * eta - 2 + rest) * std::log(2.0L) + log_beta);
  }
  return result;
}

// Rows broken as tanh says, from the identity to nearly singular ones.
std::vector<Point> points_of_size(std::size_t n) {
  std::vector<Point> points;
  for (long double size : {0.0L, 1e-3L, 0.1L, 0.5L, 1.0L, 2.0L, 3.0L, 5.0L})
    for (long double start : {0.3L, 1.9L}) {
      Point l(n * n);
      for (std::size_t i = 0; i < n; ++i) {
        long double log_length = 0;
        for (std::size_t j = 0; j < i; ++j) {
          const long double u = size * std::sin(start + 1.7L * static_cast<long double>(i * n + j));
          l[i * n + j] = std::tanh(u) * std::exp(log_length);
          log_length -= std::log(std::cosh(u));
        }
        l[i * n + i] = std::exp(log_length);
      }
      points.push_back(l);
    }
  return points;
}

VectorRow row_of(Index n, std::vector<Point> outside) {
  return {
      .name = "LKJCholesky of " + std::to_string(n),
      .make = [n](const std::vector<Var>& p) { return LKJCholesky{.dimension = n, .concentration = p[0]}; },
      .cases = {{Tensor(1.5)}, {Tensor(4.0)}, {Tensor(0.6)}, {Tensor(1.0)}, {Tensor(60.0)}},
      .extremes = {{Tensor(1e-3)}, {Tensor(1e6)}},
      .log_prob = [](const Parameters& p, const Point& x) { return log_density(p[0].item(), x); },
      .points = [n](const Parameters&) { return points_of_size(static_cast<std::size_t>(n)); },
      .outside = std::move(outside),
      // (1 + L_10)/2 is a Beta variable.
      .projections = {{[n](const Parameters&, const Point& x) {
                         return static_cast<double>(x[static_cast<std::size_t>(n)]);
                       },
                       [n](const Parameters& p, double x) -> long double {
                         const double b = p[0].item() + 0.5 * static_cast<double>(n - 2);
                         return boost::math::ibeta(b, b, (1 + x) / 2);
                       }}},
      .random = [](std::mt19937_64& noise) { return Parameters{Tensor(random_positive(noise))}; }};
}

const ListedVector three{row_of(3, {{1, 0, 0, 0.6, 0.8, 0, 0, 0.6, 0.9},
                                    {1, 0.1, 0, 0.6, 0.8, 0, 0, 0.6, 0.8},
                                    {1, 0, 0, 0.6, 0.8, 0, 0, 0.6, -0.8}})};
const ListedVector two{row_of(2, {{1, 0, 1, 0}, {2, 0, 0.6, 0.8}, {1, 0, 0.6, -0.8}})};

}  // namespace

TEST_CASE("LKJCholesky: errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(LKJCholesky{3, 0}).check(at);
        }) == "[LKJCholesky] concentration is 0, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] {
          (void)LKJCholesky{0, 1}.sample(Key(1), {}, at);
        }) == "[LKJCholesky] dimension is 0; it has to be at least 1 (at model.cpp:7)");
  CHECK(error_of([&] {
          (void)LKJCholesky{3, 1}.log_prob({column({1, 2}), at});
        }) == "[LKJCholesky] x is f64[2]; its last axes have to be [3,3] (at model.cpp:7)");
}

TEST_CASE("LKJCholesky: of five rows log_prob is the formula's, and of one there is one value") {
  for (double concentration : {1e-3, 0.7, 1.0, 3.0, 1e6})
    for (const Point& x : points_of_size(5)) {
      const Tensor l = square_of(5, {x.begin(), x.end()});
      const double actual = LKJCholesky{5, concentration}.log_prob(l).item();
      CHECK(near(actual, log_density(concentration, vector_of(l)), 1e-12));
    }
  const LKJCholesky one{1, Tensor(2.0)};
  CHECK(numbers(one.sample(Key(1), {2})) == std::vector<double>{1, 1});
  CHECK(one.log_prob(square_of(1, {1})).item() == 0);
  CHECK(one.entropy().item() == 0);
}

// The oracle: a row's last direction lies like any other. False alarms 1 in 10^6 each.
TEST_CASE("LKJCholesky: rows of draws of five have squared elements of mean 1/(2 concentration + n - 1)") {
  constexpr Index n = 20000;
  for (double concentration : {0.5, 2.0, 40.0}) {
    const auto draws = points_of(LKJCholesky{5, concentration}.sample(Key(3), {n}).tensor());
    for (std::size_t i = 1; i < 5; ++i)
      for (std::size_t j = 0; j < i; ++j) {
        std::vector<double> squares, values;
        for (const Point& x : draws) {
          values.push_back(static_cast<double>(x[5 * i + j]));
          squares.push_back(values.back() * values.back());
        }
        CHECK(std::abs(score_of(values, 0)) < 4.9);
        CHECK(std::abs(score_of(squares, 1 / (2 * concentration + 4))) < 4.9);
      }
  }
}

TEST_CASE("LKJCholesky: a concentration of 1e-3 leaves a positive diagonal and finite gradients") {
  for (DType dtype : {f64, f32}) {
    const auto results = value_and_gradients({Tensor(1e-3).cast(dtype)}, [](const std::vector<Var>& p) {
      return LKJCholesky{4, p[0]}.sample(Key(1), {1000});
    });
    CHECK(std::isfinite(results[1].item()));
    const Var x = LKJCholesky{4, Tensor(1e-3).cast(dtype)}.sample(Key(1), {1000});
    for (double e : numbers(diag(x))) CHECK(e > 0);
  }
}

}  // namespace tapir::vi::test
