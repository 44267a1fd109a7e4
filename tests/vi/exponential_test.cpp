// Exponential: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/exponential.hpp>

#include <boost/math/distributions/exponential.hpp>
#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

const Listed row{{
    .name = "Exponential",
    .make = [](const std::vector<Var>& p) { return Exponential{.rate = p[0]}; },
    .cases = {scalars({1.2}), scalars({0.4}), scalars({1e-6}), scalars({1e6})},
    .extremes = {scalars({1e-30}), scalars({1e30})},
    .log_prob =
        [](const Parameters& p, long double x) {
          return std::log(static_cast<long double>(p[0].item())) - p[0].item() * x;
        },
    .cdf =
        [](const Parameters& p, long double x) {
          return cdf(boost::math::exponential_distribution<long double>(p[0].item()), x);
        },
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          for (double score : {0.005, 1e-2, 0.02, 0.05, 0.1,  0.3,  0.7,  1.0,  1.5,  2.0,
                               3.0,   5.0,  8.0,  12.0, 20.0, 38.0, 50.0, 70.0, 90.0, 100.0})
            x.push_back(1 / p[0].item() * score);
          return x;
        },
    .outside = {-1, -1e-9, -INFINITY},
    .length = [](const Parameters& p) { return static_cast<long double>(1 / p[0].item()); },
    .breaks =
        [](const Parameters&) {
          return std::vector<double>{0, INFINITY};
        },
}};

}  // namespace

TEST_CASE("Exponential: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] { Distribution(Exponential{0}).check(at); }) ==
        "[Exponential] rate is 0, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] { Distribution(Exponential{Tensor(INFINITY)}).check(at); }) ==
        "[Exponential] rate is inf, needs to be finite (at model.cpp:7)");
}

TEST_CASE("Exponential: 0 belongs to the support") {
  CHECK(near(Exponential{2}.log_prob(0).item(), std::log(2.0L), 1e-14));
}

}  // namespace tapir::vi::test
