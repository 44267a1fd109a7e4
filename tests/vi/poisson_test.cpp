// Poisson: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/poisson.hpp>

#include <boost/math/special_functions/gamma.hpp>
#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

const Listed row{{
    .name = "Poisson",
    .make = [](const std::vector<Var>& p) { return Poisson{.rate = p[0]}; },
    .cases = {scalars({4.2}), scalars({0.3}), scalars({1e-3}), scalars({9.99}), scalars({10}),
              scalars({60.5})},
    .extremes = {scalars({1e-30}), scalars({1e6})},
    .log_prob =
        [](const Parameters& p, long double x) {
          const long double rate = p[0].item();
          return x * std::log(rate) - rate - boost::math::lgamma(x + 1);
        },
    .cdf = [](const Parameters& p,
              long double x) { return boost::math::gamma_q(x + 1, static_cast<long double>(p[0].item())); },
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          const double rate = p[0].item(), width = std::sqrt(rate);
          const double low = std::max(0.0, std::floor(rate - 10 * width)), high = rate + 12 * width + 20;
          for (double k = low; k < high; k += std::max(1.0, std::floor(width / 100))) x.push_back(k);
          return x;
        },
    .outside = {-1, 0.5, -INFINITY, INFINITY},
}};

}  // namespace

TEST_CASE("Poisson: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] { Distribution(Poisson{0}).check(at); }) ==
        "[Poisson] rate is 0, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] { Distribution(Poisson{Tensor(INFINITY)}).check(at); }) ==
        "[Poisson] rate is inf, needs to be finite (at model.cpp:7)");
}

}  // namespace tapir::vi::test
