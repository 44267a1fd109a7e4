// Weibull: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/weibull.hpp>

#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

long double log_density(const Parameters& p, long double x) {
  if (!(x > 0)) return -INFINITY;
  const long double k = p[1].item(), power = k * std::log(x / p[0].item());
  return std::log(k) - std::log(x) + power - std::exp(power);
}

long double distribution(const Parameters& p, long double x) {
  return x <= 0 ? 0 : -std::expm1(-std::pow(x / p[0].item(), static_cast<long double>(p[1].item())));
}

const Listed row{{
    .name = "Weibull",
    .make = [](const std::vector<Var>& p) { return Weibull{.scale = p[0], .concentration = p[1]}; },
    .cases = {scalars({1.5, 2.5}), scalars({0.7, 0.8}), scalars({1000.0, 1}), scalars({1e-06, 4}),
              scalars({2, 40})},
    .extremes = {scalars({1, 0.001}), scalars({1, 1000000.0}), scalars({1e-30, 2}), scalars({1e+30, 2})},
    .log_prob = log_density,
    .cdf = distribution,
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          for (double t : {-40.0, -20.0, -10.0, -5.0, -3.0, -2.0, -1.0, -0.5, -0.1, -1e-3,
                           1e-9,  0.02,  0.2,   0.6,  1.0,  2.0,  3.0,  4.0,  5.0,  6.0})
            x.push_back(p[0].item() * std::exp(std::max(-60.0, std::min(60.0, t / p[1].item()))));
          return x;
        },
    .outside = {0, -1, -INFINITY, INFINITY},
    .length =
        [](const Parameters& p) {
          return static_cast<long double>(p[0].item() * std::min(1.0, 1 / p[1].item()));
        },
    .breaks =
        [](const Parameters& p) {
          return std::vector<double>{0, p[0].item(), INFINITY};
        },
}};

}  // namespace

TEST_CASE("Weibull: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(Weibull{0, 1}).check(at);
        }) == "[Weibull] scale is 0, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(Weibull{1, -2}).check(at);
        }) == "[Weibull] concentration is -2, needs to be positive (at model.cpp:7)");
}

}  // namespace tapir::vi::test
