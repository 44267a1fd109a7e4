// Gamma: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/gamma.hpp>

#include <boost/math/special_functions/gamma.hpp>
#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

long double log_density(const Parameters& p, long double x) {
  if (!(x > 0)) return -INFINITY;
  const long double a = p[0].item(), b = p[1].item();
  return a * std::log(b) + (a - 1) * std::log(x) - b * x - boost::math::lgamma(a);
}

// A mean that the dtype does not hold moves log p by |rate x - a| units in the last place. In f32 and at
// a = 1e6 that is more than 1e-5, so the mean is a number of f32 there.
const Listed row{{
    .name = "Gamma",
    .make = [](const std::vector<Var>& p) { return Gamma{.concentration = p[0], .rate = p[1]}; },
    .cases = {scalars({2.5, 1.5}), scalars({0.7, 0.3}), scalars({1, 1000.0}), scalars({9.9, 1e-6}),
              scalars({40, 2})},
    .extremes = {scalars({1e-3, 1}), scalars({1e6, 1}), scalars({1e6, 0x1p40}), scalars({2, 1e30}),
                 scalars({2, 1e-30})},
    .singular = {scalars({1e-2, 1.5}), scalars({1e-3, 0.5})},
    .log_prob = log_density,
    .cdf =
        [](const Parameters& p, long double x) {
          const long double a = p[0].item(), b = p[1].item();
          return x <= 0 ? 0 : boost::math::gamma_p(a, b * x);
        },
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          const double a = p[0].item(), width = 1 / std::sqrt(a);
          for (double t : {-20.0, -10.0, -6.0, -4.0, -3.0, -2.0, -1.5, -1.0, -0.5, -0.1,
                           1e-9,  0.02,  0.2,  0.6,  1.0,  2.0,  3.0,  4.0,  5.0,  6.0})
            x.push_back(a / p[1].item() *
                        std::exp(t < 0 ? std::max(-60.0, t * width) : t * std::min(1.0, width)));
          return x;
        },
    .outside = {0, -1, -INFINITY, INFINITY},
    .length =
        [](const Parameters& p) {
          return static_cast<long double>(std::min(p[0].item(), std::sqrt(p[0].item())) / p[1].item());
        },
    .breaks =
        [](const Parameters& p) {
          return std::vector<double>{0, p[0].item() / p[1].item(), INFINITY};
        },
}};

}  // namespace

TEST_CASE("Gamma: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(Gamma{0, 1}).check(at);
        }) == "[Gamma] concentration is 0, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(Gamma{1, -2}).check(at);
        }) == "[Gamma] rate is -2, needs to be positive (at model.cpp:7)");
}

TEST_CASE("Gamma: a draw below every number is the smallest one, and its gradient is finite") {
  for (DType dtype : {f64, f32}) {
    const std::vector<Tensor> at{Tensor(1e-3).cast(dtype), Tensor(2.0).cast(dtype)};
    const auto results = value_and_gradients(at, [](const std::vector<Var>& p) {
      return Gamma{p[0], p[1]}.sample(Key(1), {1000});
    });
    for (const Tensor& g : results) CHECK(std::isfinite(g.item()));
    for (double x : numbers(Gamma{at[0], at[1]}.sample(Key(1), {1000}))) CHECK(x > 0);
  }
}

}  // namespace tapir::vi::test
