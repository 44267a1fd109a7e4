// HalfCauchy: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/half_cauchy.hpp>

#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

const Listed row{{
    .name = "HalfCauchy",
    .make = [](const std::vector<Var>& p) { return HalfCauchy{.scale = p[0]}; },
    .cases = {scalars({1.2}), scalars({0.4}), scalars({1e-6}), scalars({1e6})},
    .extremes = {scalars({1e-30}), scalars({1e30})},
    .log_prob =
        [](const Parameters& p, long double x) {
          const long double z = x / p[0].item();
          return std::log(2 / (3.14159265358979323846264338327950288L * p[0].item())) - std::log1p(z * z);
        },
    .cdf =
        [](const Parameters& p, long double x) {
          return 2 / 3.14159265358979323846264338327950288L * std::atan(x / p[0].item());
        },
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          for (double score : {0.005, 1e-2, 0.02, 0.05, 0.1,  0.3,  0.7,  1.0,  1.5, 2.0,
                               3.0,   5.0,  8.0,  12.0, 20.0, 38.0, 50.0, 70.0, 1e4, 1e8})
            x.push_back(p[0].item() * score);
          return x;
        },
    .outside = {-1, -1e-9, -INFINITY},
    .length = [](const Parameters& p) { return static_cast<long double>(p[0].item()); },
    .breaks =
        [](const Parameters&) {
          return std::vector<double>{0, INFINITY};
        },
    .moments = [](const Parameters&) { return 0.5; },
}};

}  // namespace

TEST_CASE("HalfCauchy: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] { Distribution(HalfCauchy{0}).check(at); }) ==
        "[HalfCauchy] scale is 0, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] { Distribution(HalfCauchy{Tensor(INFINITY)}).check(at); }) ==
        "[HalfCauchy] scale is inf, needs to be finite (at model.cpp:7)");
}

TEST_CASE("HalfCauchy: 0 belongs to the support") {
  CHECK(near(HalfCauchy{2}.log_prob(0).item(), -std::log(3.14159265358979323846L), 1e-14));
}

}  // namespace tapir::vi::test
