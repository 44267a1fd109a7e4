// Chi2: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/chi2.hpp>

#include <boost/math/special_functions/gamma.hpp>
#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

long double log_density(const Parameters& p, long double x) {
  if (!(x > 0)) return -INFINITY;
  const long double half = 0.5L * p[0].item();
  return (half - 1) * std::log(x) - x / 2 - boost::math::lgamma(half) - half * std::log(2.0L);
}

const Listed row{{
    .name = "Chi2",
    .make = [](const std::vector<Var>& p) { return Chi2{.df = p[0]}; },
    .cases = {scalars({3}), scalars({1.2}), scalars({2}), scalars({80.5})},
    .extremes = {scalars({1e-2}), scalars({1e-3}), scalars({1e6})},
    .singular = {scalars({2e-2}), scalars({2e-3})},
    .log_prob = log_density,
    .cdf = [](const Parameters& p,
              long double x) { return x <= 0 ? 0 : boost::math::gamma_p(0.5L * p[0].item(), x / 2); },
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          const double df = p[0].item(), width = 1 / std::sqrt(df);
          for (double t : {-20.0, -10.0, -6.0, -4.0, -3.0, -2.0, -1.5, -1.0, -0.5, -0.1,
                           1e-9,  0.02,  0.2,  0.6,  1.0,  2.0,  3.0,  4.0,  5.0,  6.0})
            x.push_back(df * std::exp(t < 0 ? std::max(-60.0, t * width) : t * std::min(1.0, width)));
          return x;
        },
    .outside = {0, -1, -INFINITY, INFINITY},
    .length =
        [](const Parameters& p) {
          return static_cast<long double>(std::min(p[0].item(), std::sqrt(p[0].item())));
        },
    .breaks =
        [](const Parameters& p) {
          return std::vector<double>{0, p[0].item(), INFINITY};
        },
}};

}  // namespace

TEST_CASE("Chi2: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] { Distribution(Chi2{0}).check(at); }) ==
        "[Chi2] df is 0, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] { Distribution(Chi2{Tensor(INFINITY)}).check(at); }) ==
        "[Chi2] df is inf, needs to be finite (at model.cpp:7)");
}

}  // namespace tapir::vi::test
