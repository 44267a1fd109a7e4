// GaussianRandomWalk: its rows, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/gaussian_random_walk.hpp>

#include <limits>

#include <doctest/doctest.h>

#include <tapir/vi/kl.hpp>

#include "matrices.hpp"
#include "recorded_run.hpp"
#include "vector_suite.hpp"

namespace tapir::vi::test {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// By the covariance scale^2 min(s, t).
long double log_density(const Parameters& p, const Point& x) {
  Matrix s(x.size(), Point(x.size()));
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = 0; j < x.size(); ++j) s[i][j] = static_cast<long double>(std::min(i, j) + 1);
  const Inverse inverse = inverse_of(s);
  const long double scale = p[0].item(), n = static_cast<long double>(x.size());
  const Point solution = applied(inverse.matrix, x);
  long double distance = 0;
  for (std::size_t i = 0; i < x.size(); ++i) distance += x[i] / scale * solution[i] / scale;
  return -(distance + inverse.log_det + n * log_2pi) / 2 - n * std::log(scale);
}

VectorRow row_of(Index steps) {
  const auto n = static_cast<std::size_t>(steps);
  return {.name = "GaussianRandomWalk of " + std::to_string(steps),
          .make =
              [steps](const std::vector<Var>& p) {
                return GaussianRandomWalk{p[0], steps};
              },
          .cases = {{Tensor(1.5)}, {Tensor(0.25)}, {Tensor(1000.0)}, {Tensor(1e-6)}},
          .extremes = {{Tensor(1e-30)}, {Tensor(1e30)}},
          .log_prob = log_density,
          .points =
              [n](const Parameters& p) {
                Matrix l(n, Point(n));
                for (std::size_t i = 0; i < n; ++i)
                  for (std::size_t j = 0; j <= i; ++j) l[i][j] = p[0].item();
                return points_about(Point(n), l);
              },
          .outside = {Point(n, static_cast<long double>(infinity)),
                      Point(n, static_cast<long double>(-infinity))},
          .projections = {{[](const Parameters&, const Point& x) { return static_cast<double>(x.back()); },
                           [n](const Parameters& p, double x) -> long double {
                             return std::erfc(-x / (p[0].item() * std::sqrt(2 * static_cast<double>(n)))) / 2;
                           }}},
          .random = [](std::mt19937_64& noise) { return Parameters{Tensor(random_positive(noise))}; }};
}

const ListedVector two{row_of(2)};
const ListedVector one{row_of(1)};

}  // namespace

TEST_CASE("GaussianRandomWalk: errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(GaussianRandomWalk{-1, 3}).check(at);
        }) == "[GaussianRandomWalk] scale is -1, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] {
          (void)GaussianRandomWalk{1, 0}.sample(Key(1), {}, at);
        }) == "[GaussianRandomWalk] num_steps is 0; it has to be at least 1 (at model.cpp:7)");
  CHECK(error_of([&] {
          (void)GaussianRandomWalk{1, 3}.log_prob({column({1, 2}), at});
        }) == "[GaussianRandomWalk] x is f64[2]; its last axes have to be [3] (at model.cpp:7)");
  CHECK(error_of([&] {
          (void)kl(GaussianRandomWalk{1, 3}, GaussianRandomWalk{1, 2}, at);
        }) == "[kl] walks of 3 and 2 steps (at model.cpp:7)");
}

TEST_CASE("GaussianRandomWalk: of ten steps log_prob is that of its covariance") {
  const Tensor x = column({0.1, 0.7, -0.2, -1.4, -1.1, 0.3, 0.2, 0.9, 1.3, 2.2});
  CHECK(
      near(GaussianRandomWalk{0.8, 10}.log_prob(x).item(), log_density({Tensor(0.8)}, vector_of(x)), 1e-13));
}

}  // namespace tapir::vi::test
