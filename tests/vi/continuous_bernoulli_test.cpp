// ContinuousBernoulli: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/continuous_bernoulli.hpp>

#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

// By logits below 0; the interval is turned round for others.
long double log_density(const Parameters& p, long double x) {
  if (x < 0 || x > 1) return -INFINITY;
  const long double rate = -std::abs(static_cast<long double>(p[0].item())), y = p[0].item() > 0 ? 1 - x : x;
  return rate == 0 ? 0 : rate * y - std::log(std::expm1(rate) / rate);
}

long double distribution(const Parameters& p, long double x) {
  const long double logits = p[0].item(), rate = -std::abs(logits);
  const long double falling = rate == 0 ? x : std::expm1(rate * x) / std::expm1(rate);
  return logits > 0 ? std::exp(rate * (1 - x)) * falling : falling;
}

const Listed row{{
    .name = "ContinuousBernoulli",
    .make = [](const std::vector<Var>& p) { return ContinuousBernoulli{.logits = p[0]}; },
    .cases = {scalars({2.5}), scalars({-0.3}), scalars({0}), scalars({0.99}), scalars({-1}), scalars({30}),
              scalars({-200})},
    .extremes = {scalars({1000000.0}), scalars({-1000000.0}), scalars({1e-09})},
    .log_prob = log_density,
    .cdf = distribution,
    .points =
        [](const Parameters&) {
          return std::vector<double>{1e-8, 1e-4, 1e-3, 0.01, 0.05, 0.1,  0.2,   0.3,    0.4,      0.5,
                                     0.6,  0.7,  0.8,  0.9,  0.95, 0.99, 0.999, 0.9999, 1 - 1e-6, 1 - 1e-8};
        },
    .outside = {-1, 1.5, -INFINITY, INFINITY},
    .length =
        [](const Parameters& p) {
          return static_cast<long double>(0.25 / std::max(1.0, std::abs(p[0].item())));
        },
    .breaks =
        [](const Parameters&) {
          return std::vector<double>{0, 1};
        },
}};

}  // namespace

TEST_CASE("ContinuousBernoulli: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          ContinuousBernoulli::probs({1.5, at});
        }) == "[ContinuousBernoulli] probs is 1.5, needs to lie in [0, 1] (at model.cpp:7)");
  CHECK(error_of([&] { Distribution(ContinuousBernoulli{Tensor(INFINITY)}).check(at); }) ==
        "[ContinuousBernoulli] logits is inf, needs to be finite (at model.cpp:7)");
}

TEST_CASE("ContinuousBernoulli: probabilities become logits") {
  CHECK(ContinuousBernoulli::probs(0.25).log_prob(0.5).item() ==
        doctest::Approx(ContinuousBernoulli{-std::log(3.0)}.log_prob(0.5).item()));
}

}  // namespace tapir::vi::test
