// Logistic: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/logistic.hpp>

#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

long double log_density(const Parameters& p, long double x) {
  const long double z = std::abs((x - p[0].item()) / p[1].item());
  return -z - 2 * std::log1p(std::exp(-z)) - std::log(static_cast<long double>(p[1].item()));
}

long double distribution(const Parameters& p, long double x) {
  return 1 / (1 + std::exp((p[0].item() - x) / p[1].item()));
}

const Listed row{{
    .name = "Logistic",
    .make = [](const std::vector<Var>& p) { return Logistic{.loc = p[0], .scale = p[1]}; },
    .cases = {scalars({0.3, 1.2}), scalars({-1.7, 0.4}), scalars({1e3, 1e-2})},
    .extremes = {scalars({0, 1e-30}), scalars({0, 1e30}), scalars({-1e-6, 1e6})},
    .log_prob = log_density,
    .cdf = distribution,
    .points =
        [](const Parameters& p) {
          return at_scores(p, {-5e3, -700, -38, -10, -5, -2, -1, -0.3, 0,    1e-3,
                               0.05, 0.6,  1.5, 2,   4,  8,  39, 100,  1000, 5e3});
        },
    .outside = {-INFINITY, INFINITY},
    .length = [](const Parameters& p) { return static_cast<long double>(p[1].item()); },
    .breaks =
        [](const Parameters& p) {
          return std::vector<double>{-INFINITY, p[0].item(), INFINITY};
        },
}};

}  // namespace

TEST_CASE("Logistic: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(Logistic{0, -1}).check(at);
        }) == "[Logistic] scale is -1, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(Logistic{NAN, 1}).check(at);
        }) == "[Logistic] loc is nan, needs to be finite (at model.cpp:7)");
}

}  // namespace tapir::vi::test
