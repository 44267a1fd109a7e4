// BetaBinomial: its row, its errors, large parameters.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/beta_binomial.hpp>

#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

// log of the product of (a + i) / (i + 1) for i < k.
long double log_rising(long double a, long double k) {
  long double sum = 0;
  for (long double i = 0; i < k; ++i) sum += std::log((a + i) / (i + 1));
  return sum;
}

const Listed row{{
    .name = "BetaBinomial",
    .make =
        [](const std::vector<Var>& p) {
          return BetaBinomial{.concentration1 = p[0], .concentration0 = p[1], .total_count = p[2]};
        },
    .cases = {scalars({2.5, 1.2, 12}), scalars({0.6, 3, 12}), scalars({40, 25, 30}), scalars({1, 1, 9}),
              scalars({0.3, 0.2, 1}), scalars({2, 3, 0})},
    .extremes = {scalars({1e-3, 1e-3, 10}), scalars({1e-3, 5, 50}), scalars({1e6, 1e6, 1000}),
                 scalars({1e6, 2, 100}), scalars({1e-30, 1e-30, 3}), scalars({2, 3, 4000})},
    .log_prob =
        [](const Parameters& p, long double x) {
          const long double a = p[0].item(), b = p[1].item(), n = p[2].item();
          if (x > n) return static_cast<long double>(-INFINITY);
          return log_rising(a, x) + log_rising(b, n - x) - log_rising(a + b, n);
        },
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          for (double k = 0; k <= p[2].item(); k += std::max(1.0, std::floor(p[2].item() / 50)))
            x.push_back(k);
          return x;
        },
    .outside = {-1, 0.5, 31, INFINITY, -INFINITY},
    .random =
        [](std::mt19937_64& noise) {
          std::uniform_real_distribution<double> some(-3, 3), size(0, 20);
          return std::vector<double>{std::pow(10, some(noise)), std::pow(10, some(noise)),
                                     std::floor(std::exp2(size(noise)))};
        },
}};

}  // namespace

TEST_CASE("BetaBinomial: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(BetaBinomial{0, 1, 3}).check(at);
        }) == "[BetaBinomial] concentration1 is 0, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(BetaBinomial{1, 1, -3}).check(at);
        }) == "[BetaBinomial] total_count is -3, needs to be a whole number in [0, 9007199254740992] (at "
              "model.cpp:7)");
  CHECK(
      error_of([&] {
        BetaBinomial({1, 1, column({1, 2})}).enumerate(at);
      }) ==
      "[BetaBinomial] total_count is f64[2]: not all elements have the same values to list (at model.cpp:7)");
}

// mpmath, 60 digits: loggamma of the formula in the header.
TEST_CASE("BetaBinomial: log_prob keeps 1e-12 for totals of 1e6 and 1e12") {
  struct Checked {
    double a, b, n, x, expected;
  };
  const Checked points[] = {
      {2.5, 1.5, 1000000, 0, -32.626240313040510049},
      {2.5, 1.5, 1000000, 123456, -15.391331986895201485},
      {300000, 700000, 1000000, 300100, -7.4049904429745414433},
      {300000, 700000, 1000000, 1000000, -684029.36260948757869},
      {0.001, 1000000, 1000000, 2, -8.9868899677590744339},
      {0.25, 0.5, 1000000000000, 300000000000, -28.206810556906609519},
      {1000000, 1000000, 1000000000000, 500100000000, -20.642484605110401956},
  };
  for (const auto& [a, b, n, x, expected] : points) {
    CAPTURE(n);
    CAPTURE(x);
    CHECK(near(BetaBinomial{a, b, n}.log_prob(Tensor(x)).item(), expected, 1e-12));
  }
}

}  // namespace tapir::vi::test
