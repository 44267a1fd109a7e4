// Beta: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/beta.hpp>

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

long double log_density(const Parameters& p, long double x) {
  if (!(x > 0 && x < 1)) return -INFINITY;
  const long double a = p[0].item(), b = p[1].item();
  const long double log_beta = boost::math::lgamma(a) + boost::math::lgamma(b) - boost::math::lgamma(a + b);
  return (a - 1) * std::log(x) + (b - 1) * std::log1p(-x) - log_beta;
}

const Listed row{{
    .name = "Beta",
    .make = [](const std::vector<Var>& p) { return Beta{.concentration1 = p[0], .concentration0 = p[1]}; },
    .cases = {scalars({2.5, 1.7}), scalars({1.3, 3}), scalars({1, 1}), scalars({1.2, 0.95}),
              scalars({11.5, 40})},
    .extremes = {scalars({1e-3, 2}), scalars({2, 1e-3}), scalars({1e-3, 1e-3}), scalars({1e6, 1e6}),
                 scalars({2, 1e6}), scalars({1e6, 2})},
    .singular = {scalars({1e-2, 0.5}), scalars({1e-3, 1e-2}), scalars({0.7, 0.3})},
    .log_prob = log_density,
    .cdf =
        [](const Parameters& p, long double x) {
          const long double a = p[0].item(), b = p[1].item();
          return x <= 0 ? 0 : x >= 1 ? 1 : boost::math::ibeta(a, b, x);
        },
    .points =
        [](const Parameters&) {
          return std::vector<double>{1e-8, 1e-4, 1e-3, 0.01, 0.05, 0.1,  0.2,   0.3,    0.4,      0.5,
                                     0.6,  0.7,  0.8,  0.9,  0.95, 0.99, 0.999, 0.9999, 1 - 1e-6, 1 - 1e-8};
        },
    .outside = {0, 1, -1, 1.5, -INFINITY, INFINITY},
    .length = [](const Parameters& p) { return 0.5L / std::sqrt(p[0].item() + p[1].item() + 1.0L); },
    .breaks =
        [](const Parameters& p) {
          return std::vector<double>{0, p[0].item() / (p[0].item() + p[1].item()), 1};
        },
    .one_number = false,
}};

}  // namespace

TEST_CASE("Beta: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(Beta{0, 1}).check(at);
        }) == "[Beta] concentration1 is 0, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(Beta{1, -2}).check(at);
        }) == "[Beta] concentration0 is -2, needs to be positive (at model.cpp:7)");
}

TEST_CASE("Beta: a draw that rounds to 0 or 1 is the nearest number inside, and its gradient is finite") {
  for (DType dtype : {f64, f32}) {
    const std::vector<Tensor> at{Tensor(1e-3).cast(dtype), Tensor(1e-3).cast(dtype)};
    const auto results = value_and_gradients(at, [](const std::vector<Var>& p) {
      return Beta{p[0], p[1]}.sample(Key(1), {1000});
    });
    for (const Tensor& g : results) CHECK(std::isfinite(g.item()));
    double above = 0;
    for (double x : numbers(Beta{at[0], at[1]}.sample(Key(1), {1000}))) {
      CHECK((x > 0 && x < 1));
      above += x > 0.5;
    }
    CHECK(std::abs(above - 500) < 5 * std::sqrt(250.0));  // 1 false alarm in 10^6
  }
}

}  // namespace tapir::vi::test
