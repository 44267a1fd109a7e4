// RelaxedBernoulli: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/relaxed_bernoulli.hpp>

#include <doctest/doctest.h>

#include <algorithm>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

long double log_density(const Parameters& p, long double x) {
  if (!(x > 0 && x < 1)) return -INFINITY;
  const long double d = std::abs(p[1].item() - p[0].item() * (std::log(x) - std::log1p(-x)));
  return std::log(static_cast<long double>(p[0].item())) - d - 2 * std::log1p(std::exp(-d)) - std::log(x) -
         std::log1p(-x);
}

const Listed row{{
    .name = "RelaxedBernoulli",
    .make = [](const std::vector<Var>& p) { return RelaxedBernoulli{.temperature = p[0], .logits = p[1]}; },
    .cases = {scalars({1.3, 0.4}), scalars({0.9, -1.1}), scalars({2, 0}), scalars({0.95, 2})},
    .extremes = {scalars({0.001, 0.4}), scalars({1000.0, 1}), scalars({0.1, -300}), scalars({0.1, 300})},
    .log_prob = log_density,
    .cdf =
        [](const Parameters& p, long double x) {
          return 1 / (1 + std::exp(p[1].item() - p[0].item() * (std::log(x) - std::log1p(-x))));
        },
    .points =
        [](const Parameters&) {
          return std::vector<double>{1e-8, 1e-4, 1e-3, 0.01, 0.05, 0.1,  0.2,   0.3,    0.4,      0.5,
                                     0.6,  0.7,  0.8,  0.9,  0.95, 0.99, 0.999, 0.9999, 1 - 1e-6, 1 - 1e-8};
        },
    .outside = {0, 1, -1, 1.5, -INFINITY, INFINITY},
    .length = [](const Parameters&) { return 0.05L; },
    .breaks =
        [](const Parameters& p) {
          return std::vector<double>{0, 1 / (1 + std::exp(-p[1].item() / p[0].item())), 1};
        },
}};

}  // namespace

TEST_CASE("RelaxedBernoulli: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(RelaxedBernoulli{0, 1}).check(at);
        }) == "[RelaxedBernoulli] temperature is 0, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] {
          RelaxedBernoulli::probs(1, {-0.5, at});
        }) == "[RelaxedBernoulli] probs is -0.5, needs to lie in [0, 1] (at model.cpp:7)");
}

TEST_CASE("RelaxedBernoulli: a draw that rounds to 0 or 1 is the nearest number inside") {
  for (DType dtype : {f64, f32}) {
    const Distribution law = RelaxedBernoulli{Tensor(1e-3).cast(dtype), Tensor(0.5).cast(dtype)};
    for (double x : numbers(law.sample(Key(1), {1000}))) CHECK((x > 0 && x < 1));
  }
}

TEST_CASE("RelaxedBernoulli: draws are above 1/2 as often as the coin falls on 1; false alarms 1 in 10^6") {
  const auto x = numbers(RelaxedBernoulli::probs(0.3, 0.2).sample(Key(3), {100000}));
  const auto above = static_cast<double>(std::count_if(x.begin(), x.end(), [](double e) { return e > 0.5; }));
  CHECK(std::abs(above - 20000) < 4.9 * std::sqrt(100000 * 0.2 * 0.8));
}

}  // namespace tapir::vi::test
