// InverseGamma: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/inverse_gamma.hpp>

#include <boost/math/special_functions/gamma.hpp>
#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

long double log_density(const Parameters& p, long double x) {
  if (!(x > 0)) return -INFINITY;
  const long double a = p[0].item(), b = p[1].item();
  return a * std::log(b) - (a + 1) * std::log(x) - b / x - boost::math::lgamma(a);
}

// At a = 1e6 the scale over a is a number of f32, for the reason given with Gamma.
const Listed row{{
    .name = "InverseGamma",
    .make = [](const std::vector<Var>& p) { return InverseGamma{.concentration = p[0], .scale = p[1]}; },
    .cases = {scalars({9, 1.5}), scalars({4.7, 0.3}), scalars({2.5, 1000.0}), scalars({0.8, 1e-6}),
              scalars({40, 2})},
    .extremes = {scalars({1e-3, 1}), scalars({1e6, 1e6}), scalars({2, 1e30}), scalars({2, 1e-30})},
    .log_prob = log_density,
    .cdf =
        [](const Parameters& p, long double x) {
          const long double a = p[0].item(), b = p[1].item();
          return x <= 0 ? 0 : boost::math::gamma_q(a, b / x);
        },
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          const double a = p[0].item(), width = 1 / std::sqrt(a);
          for (double t : {-20.0, -10.0, -6.0, -4.0, -3.0, -2.0, -1.5, -1.0, -0.5, -0.1,
                           1e-9,  0.02,  0.2,  0.6,  1.0,  2.0,  3.0,  4.0,  5.0,  6.0})
            x.push_back(p[1].item() / a /
                        std::exp(t < 0 ? std::max(-10.0, t * width) : t * std::min(1.0, width)));
          return x;
        },
    .outside = {0, -1, -INFINITY, INFINITY},
    .length =
        [](const Parameters& p) {
          const double a = p[0].item();
          return static_cast<long double>(p[1].item() / a * std::min(1.0, 1 / std::sqrt(a)));
        },
    .breaks =
        [](const Parameters& p) {
          return std::vector<double>{0, p[1].item() / p[0].item(), INFINITY};
        },
    .moments = [](const Parameters& p) { return p[0].item(); },
}};

}  // namespace

TEST_CASE("InverseGamma: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(InverseGamma{0, 1}).check(at);
        }) == "[InverseGamma] concentration is 0, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(InverseGamma{1, -2}).check(at);
        }) == "[InverseGamma] scale is -2, needs to be positive (at model.cpp:7)");
}

TEST_CASE("InverseGamma: moments that do not exist are inf") {
  CHECK(InverseGamma{1, 3}.mean().item() == INFINITY);
  CHECK(InverseGamma{2, 3}.variance().item() == INFINITY);
  CHECK(InverseGamma{4, 3}.mean().item() == doctest::Approx(1));
  CHECK(InverseGamma{4, 3}.variance().item() == doctest::Approx(0.5));
}

}  // namespace tapir::vi::test
