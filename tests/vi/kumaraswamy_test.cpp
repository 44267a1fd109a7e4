// Kumaraswamy: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/kumaraswamy.hpp>

#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

// log(1 - x^a).
long double log_rest(const Parameters& p, long double x) {
  const long double log_power = p[0].item() * std::log(x);
  return log_power > -1 ? std::log(-std::expm1(log_power)) : std::log1p(-std::exp(log_power));
}

long double log_density(const Parameters& p, long double x) {
  if (!(x > 0 && x < 1)) return -INFINITY;
  const long double a = p[0].item(), b = p[1].item();
  return std::log(a) + std::log(b) + (a - 1) * std::log(x) + (b - 1) * log_rest(p, x);
}

long double distribution(const Parameters& p, long double x) {
  return -std::expm1(p[1].item() * log_rest(p, x));
}

const Listed row{{
    .name = "Kumaraswamy",
    .make =
        [](const std::vector<Var>& p) { return Kumaraswamy{.concentration1 = p[0], .concentration0 = p[1]}; },
    .cases = {scalars({2.5, 1.7}), scalars({0.7, 3}), scalars({1, 1}), scalars({1.2, 0.95})},
    .extremes = {scalars({0.001, 2}), scalars({1000000.0, 2}), scalars({2, 1000000.0}), scalars({2, 0.001})},
    .singular = {scalars({1e-2, 0.5})},
    .log_prob = log_density,
    .cdf = distribution,
    .points =
        [](const Parameters&) {
          return std::vector<double>{1e-8, 1e-4, 1e-3, 0.01, 0.05, 0.1,  0.2,   0.3,    0.4,      0.5,
                                     0.6,  0.7,  0.8,  0.9,  0.95, 0.99, 0.999, 0.9999, 1 - 1e-6, 1 - 1e-8};
        },
    .outside = {0, 1, -1, 1.5, -INFINITY, INFINITY},
    .length = [](const Parameters&) { return static_cast<long double>(0.1); },
    .breaks =
        [](const Parameters&) {
          return std::vector<double>{0, 1};
        },
}};

}  // namespace

TEST_CASE("Kumaraswamy: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(Kumaraswamy{0, 1}).check(at);
        }) == "[Kumaraswamy] concentration1 is 0, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(Kumaraswamy{1, -2}).check(at);
        }) == "[Kumaraswamy] concentration0 is -2, needs to be positive (at model.cpp:7)");
}

TEST_CASE("Kumaraswamy: a draw that rounds to 0 or 1 is the nearest number inside") {
  for (DType dtype : {f64, f32}) {
    const Distribution law = Kumaraswamy{Tensor(1e-3).cast(dtype), Tensor(1e-3).cast(dtype)};
    for (double x : numbers(law.sample(Key(1), {1000}))) CHECK((x > 0 && x < 1));
  }
}

}  // namespace tapir::vi::test
