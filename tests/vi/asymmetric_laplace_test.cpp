// AsymmetricLaplace: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/asymmetric_laplace.hpp>

#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

struct Sides {
  long double left, right;
};

Sides sides(const Parameters& p) {
  return {1.0L * p[1].item() * p[2].item(), 1.0L * p[1].item() / p[2].item()};
}

long double log_density(const Parameters& p, long double x) {
  const auto [left, right] = sides(p);
  const long double d = x - p[0].item();
  return (d < 0 ? d / left : -d / right) - std::log(left + right);
}

long double distribution(const Parameters& p, long double x) {
  const auto [left, right] = sides(p);
  const long double d = x - p[0].item();
  return d < 0 ? left / (left + right) * std::exp(d / left)
               : 1 - right / (left + right) * std::exp(-d / right);
}

const Listed row{{
    .name = "AsymmetricLaplace",
    .make =
        [](const std::vector<Var>& p) {
          return AsymmetricLaplace{.loc = p[0], .scale = p[1], .asymmetry = p[2]};
        },
    .cases = {scalars({0.3, 1.2, 1.5}), scalars({-1.7, 0.4, 0.6}), scalars({1000.0, 0.01, 1})},
    .extremes = {scalars({0, 1e-30, 2}), scalars({0, 1e+30, 0.5}), scalars({0, 1, 0.001}),
                 scalars({0, 1, 1000.0})},
    .log_prob = log_density,
    .cdf = distribution,
    .points =
        [](const Parameters& p) {
          return at_scores(p, {-1e4, -700, -38, -10, -5, -2, -1, -0.3, -0.1, 1e-2,
                               0.05, 0.6,  1.5, 2,   4,  8,  39, 100,  1000, 1e4});
        },
    .outside = {},
    .length = [](const Parameters& p) { return static_cast<long double>(p[1].item()); },
    .breaks =
        [](const Parameters& p) {
          return std::vector<double>{-INFINITY, p[0].item(), INFINITY};
        },
}};

}  // namespace

TEST_CASE("AsymmetricLaplace: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(AsymmetricLaplace{0, 1, 0}).check(at);
        }) == "[AsymmetricLaplace] asymmetry is 0, needs to be positive (at model.cpp:7)");
}

}  // namespace tapir::vi::test
