// LogitNormal: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/logit_normal.hpp>

#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

constexpr long double half_log_2pi = 0.918938533204672741780329736405617640L;

long double log_density(const Parameters& p, long double x) {
  if (!(x > 0 && x < 1)) return -INFINITY;
  const long double z = (std::log(x / (1 - x)) - p[0].item()) / p[1].item();
  return -z * z / 2 - half_log_2pi - std::log(p[1].item() * x * (1 - x));
}

long double distribution(const Parameters& p, long double x) {
  return std::erfc((p[0].item() - std::log(x / (1 - x))) / (p[1].item() * std::sqrt(2.0L))) / 2;
}

const Listed row{{
    .name = "LogitNormal",
    .make = [](const std::vector<Var>& p) { return LogitNormal{.loc = p[0], .scale = p[1]}; },
    .cases = {scalars({0.3, 1.2}), scalars({-1.7, 0.4}), scalars({1, 2})},
    .extremes = {scalars({0, 0.001}), scalars({0, 30})},
    .log_prob = log_density,
    .cdf = distribution,
    .points =
        [](const Parameters&) {
          return std::vector<double>{1e-8, 1e-4, 1e-3, 0.01, 0.05, 0.1,  0.2,   0.3,    0.4,      0.5,
                                     0.6,  0.7,  0.8,  0.9,  0.95, 0.99, 0.999, 0.9999, 1 - 1e-6, 1 - 1e-8};
        },
    .outside = {0, 1, -1, 1.5, -INFINITY, INFINITY},
    .length = [](const Parameters&) { return static_cast<long double>(0.05); },
    .breaks =
        [](const Parameters& p) {
          return std::vector<double>{0, 1 / (1 + std::exp(-p[0].item())), 1};
        },
}};

}  // namespace

TEST_CASE("LogitNormal: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(LogitNormal{0, -1}).check(at);
        }) == "[LogitNormal] scale is -1, needs to be positive (at model.cpp:7)");
}

}  // namespace tapir::vi::test
