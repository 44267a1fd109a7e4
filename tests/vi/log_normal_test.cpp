// LogNormal: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/log_normal.hpp>

#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

constexpr long double half_log_2pi = 0.918938533204672741780329736405617640L;

long double log_density(const Parameters& p, long double x) {
  if (!(x > 0)) return -INFINITY;
  const long double z = (std::log(x) - p[0].item()) / p[1].item();
  return -z * z / 2 - half_log_2pi - std::log(static_cast<long double>(p[1].item())) - std::log(x);
}

long double distribution(const Parameters& p, long double x) {
  return x <= 0 ? 0 : std::erfc((p[0].item() - std::log(x)) / (p[1].item() * std::sqrt(2.0L))) / 2;
}

const Listed row{{
    .name = "LogNormal",
    .make = [](const std::vector<Var>& p) { return LogNormal{.loc = p[0], .scale = p[1]}; },
    .cases = {scalars({0.3, 1.2}), scalars({-1.7, 0.4}), scalars({3, 0.25}), scalars({-3, 0.5})},
    .extremes = {scalars({0, 1e-6}), scalars({0, 0.001}), scalars({0.5, 20})},
    .log_prob = log_density,
    .cdf = distribution,
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          for (double z : at_scores(
                   p, {-38, -20, -8, -5, -3, -2, -1, -0.3, 0, 1e-3, 0.05, 0.6, 1.5, 2, 3, 4, 6, 8, 20, 38}))
            x.push_back(std::exp(std::max(-80.0, std::min(80.0, z))));
          return x;
        },
    .outside = {0, -1, -INFINITY, INFINITY},
    .length =
        [](const Parameters& p) {
          return static_cast<long double>(std::min(1.0, p[1].item()) * std::exp(std::min(0.0, p[0].item())));
        },
    .breaks =
        [](const Parameters& p) {
          return std::vector<double>{0, std::exp(p[0].item()), INFINITY};
        },
}};

}  // namespace

TEST_CASE("LogNormal: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(LogNormal{0, -1}).check(at);
        }) == "[LogNormal] scale is -1, needs to be positive (at model.cpp:7)");
}

}  // namespace tapir::vi::test
