// OrderedLogistic: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/ordered_logistic.hpp>

#include <doctest/doctest.h>

#include <tapir/vi/kl.hpp>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

Parameters parameters(double predictor, const std::vector<double>& cutpoints) {
  return {Tensor(predictor), column(cutpoints)};
}

// log(sigmoid(b) - sigmoid(a)), a < b, on the side where both are small.
long double log_between(long double a, long double b) {
  if (a + b > 0) return log_between(-b, -a);
  if (b < -2000) return b + std::log1p(-std::exp(a - b));
  return std::log(1 / (1 + std::exp(-b)) - 1 / (1 + std::exp(-a)));
}

long double cutpoint(const Parameters& p, long double i) {
  if (i < 0) return -INFINITY;
  return i < p[1].size() ? p[1].at(static_cast<Index>(i)) : INFINITY;
}

const Listed row{{
    .name = "OrderedLogistic",
    .make = [](const std::vector<Var>& p) { return OrderedLogistic{.predictor = p[0], .cutpoints = p[1]}; },
    .cases = {parameters(0.3, {-1, 0.5, 2}), parameters(-1.2, {-0.5, 0.125, 0.5}), parameters(0, {-3, 0, 3}),
              parameters(5, {-4, 1.984375, 2}), parameters(-30, {-1, 1, 2})},
    .extremes = {parameters(80, {-1, 0.5, 2}), parameters(-80, {-1, 0.5, 2}), parameters(0.5, {-70, 0, 70}),
                 parameters(0, {1, 1.0009765625, 60})},
    .log_prob =
        [](const Parameters& p, long double x) {
          return log_between(cutpoint(p, x - 1) - p[0].item(), cutpoint(p, x) - p[0].item());
        },
    .cdf = [](const Parameters& p,
              long double x) { return 1 / (1 + std::exp(p[0].item() - cutpoint(p, x))); },
    .points =
        [](const Parameters&) {
          return std::vector<double>{0, 1, 2, 3};
        },
    .outside = {-1, 4, 1e9},
    .length = [](const Parameters& p) { return std::min(p[1].at(1) - p[1].at(0), p[1].at(2) - p[1].at(1)); },
    .random =
        [](std::mt19937_64& noise) {
          std::normal_distribution<double> some(0, 5);
          std::vector<double> all{some(noise), some(noise), some(noise), some(noise)};
          std::sort(all.begin() + 1, all.end());
          for (std::size_t i = 2; i < 4; ++i) all[i] = std::max(all[i], all[i - 1] + 1e-3);
          return all;
        },
}};

}  // namespace

TEST_CASE("OrderedLogistic: errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(OrderedLogistic{0, column({1, 2, 1.5})}).check(at);
        }) == "[OrderedLogistic] cutpoints is 1.5 at [2] of f64[3], needs to be greater than the one before "
              "it, 2 (at "
              "model.cpp:7)");
  CHECK(error_of([&] {
          OrderedLogistic{0, 1}.count(at);
        }) == "[OrderedLogistic] cutpoints f64[] has no axis to consume; a value needs 1 (at model.cpp:7)");
  CHECK(error_of([&] {
          kl(OrderedLogistic{0, column({1, 2})}, OrderedLogistic{0, column({1})}, at);
        }) == "[kl] OrderedLogistics over 3 and 2 categories (at model.cpp:7)");
}

TEST_CASE("OrderedLogistic: predictors of a plate share the cutpoints, and index values broadcast") {
  const OrderedLogistic law{column({0.1, -0.2, 3}), column({-1, 1})};
  CHECK(law.sample(Key(1), {5, 3}).type() == Type{i64, {5, 3}});
  CHECK(law.log_prob(Tensor({3}, {Index{0}, Index{2}, Index{1}})).shape() == Shape{3});
  CHECK(law.entropy().shape() == Shape{3});
  CHECK(numbers(law.enumerate()) == std::vector<double>{0, 1, 2});
  CHECK(law.log_prob(0.5).tensor().at(0) == -INFINITY);
}

TEST_CASE("OrderedLogistic: with one cutpoint it is a coin") {
  const OrderedLogistic law{0.7, column({0.2})};
  CHECK(near(law.log_prob(1.0).item(), -std::log1p(std::exp(-0.5L)), 1e-15));
  CHECK(near(law.entropy().item(), 0.662847318579179, 1e-12));
}

}  // namespace tapir::vi::test
