// DiscreteUniform: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/discrete_uniform.hpp>

#include <doctest/doctest.h>

#include <tapir/vi/kl.hpp>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

const Listed row{{
    .name = "DiscreteUniform",
    .make = [](const std::vector<Var>& p) { return DiscreteUniform{.low = p[0], .high = p[1]}; },
    .cases = {scalars({0, 5}), scalars({-1, 12}), scalars({3, 3}), scalars({0, 255})},
    .log_prob =
        [](const Parameters& p, long double x) {
          const bool inside = x >= p[0].item() && x <= p[1].item();
          return inside ? -std::log(p[1].item() - p[0].item() + 1.0L) : -INFINITY;
        },
    .cdf = [](const Parameters& p,
              long double x) { return (x - p[0].item() + 1) / (p[1].item() - p[0].item() + 1.0L); },
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          for (double i = p[0].item(); i <= p[1].item(); ++i) x.push_back(i);
          return x;
        },
    .outside = {-2, 0.5, 3.5, 256, INFINITY, -INFINITY},
    .random =
        [](std::mt19937_64& noise) {
          const double low = static_cast<double>(noise() % 2001) - 1000;
          return std::vector<double>{low, low + static_cast<double>(noise() % 1000)};
        },
}};

}  // namespace

TEST_CASE("DiscreteUniform: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(DiscreteUniform{0.5, 2}).check(at);
        }) == "[DiscreteUniform] low is 0.5, needs to be a whole number in [-9007199254740992, "
              "9007199254740992] (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(DiscreteUniform{3, 2}).check(at);
        }) ==
        "[DiscreteUniform] high is 2, needs to be a whole number in [3, 9007199254740992] (at model.cpp:7)");
  CHECK(error_of([&] {
          DiscreteUniform({column({0, 1}), 2}).enumerate(at);
        }) == "[DiscreteUniform] low f64[2], high f64[]: not all elements have the same values to list (at "
              "model.cpp:7)");
  CHECK(error_of([&] {
          DiscreteUniform({Tape::make()->input({f64, {}}), 2}).enumerate(at);
        }) == "[DiscreteUniform] low is recorded; its values can be listed only if low and high are plain "
              "(at model.cpp:7)");
}

TEST_CASE("DiscreteUniform: kl is inf where values are excluded") {
  CHECK(kl(DiscreteUniform{0, 3}, DiscreteUniform{0, 2}).item() == INFINITY);
  CHECK(kl(DiscreteUniform{0, 3}, DiscreteUniform{-4, 3}).item() == doctest::Approx(std::log(2)));
}

}  // namespace tapir::vi::test
