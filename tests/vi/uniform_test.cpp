// Uniform: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/uniform.hpp>

#include <doctest/doctest.h>

#include <tapir/vi/kl.hpp>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

const Listed row{{
    .name = "Uniform",
    .make = [](const std::vector<Var>& p) { return Uniform{.low = p[0], .high = p[1]}; },
    .cases = {scalars({-1, 0.5}), scalars({-1.7, 2.4}), scalars({1e3, 1003.5}), scalars({0, 1e-6})},
    .extremes = {scalars({-1e30, 1e30}), scalars({0, 1e-30})},
    .log_prob =
        [](const Parameters& p, long double x) {
          const bool inside = x >= p[0].item() && x <= p[1].item();
          return inside ? -std::log(static_cast<long double>(p[1].item()) - p[0].item()) : -INFINITY;
        },
    .cdf =
        [](const Parameters& p, long double x) {
          const long double low = p[0].item(), high = p[1].item();
          return x < low ? 0 : x > high ? 1 : (x - low) / (high - low);
        },
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          for (double u : {0.01, 0.02, 0.05, 0.1, 0.15, 0.2,  0.3, 0.35, 0.4,  0.45,
                           0.5,  0.6,  0.65, 0.7, 0.8,  0.85, 0.9, 0.95, 0.98, 0.99})
            x.push_back((1 - u) * p[0].item() + u * p[1].item());
          return x;
        },
    .outside = {-1.75, 2.5e30, -INFINITY, INFINITY},
    .length = [](const Parameters& p) { return static_cast<long double>(p[1].item() - p[0].item()) / 4; },
    .breaks =
        [](const Parameters& p) {
          return std::vector<double>{p[0].item(), p[1].item()};
        },
    .random =
        [](std::mt19937_64& noise) {
          std::normal_distribution<double> normal;
          const double low = std::sinh(4 * normal(noise));
          return std::vector<double>{low, low + std::max(1.0, std::abs(low)) * std::exp(4 * normal(noise))};
        },
}};

}  // namespace

TEST_CASE("Uniform: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(Uniform{2, 1}).check(at);
        }) == "[Uniform] high is 1, needs to be greater than 2 (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(Uniform{2, Tensor(INFINITY)}).check(at);
        }) == "[Uniform] high is inf, needs to be finite (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(Uniform{column({0, 1}), column({1, 1})}).check(at);
        }) == "[Uniform] high is 1 at [1] of f64[2], needs to be greater than 1 (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(Uniform{column({0, 1}), 1}).check(at);
        }) == "[Uniform] high is 1, needs to be greater than 1 (at model.cpp:7)");
}

TEST_CASE("Uniform: the ends belong to the support, and kl is inf where it is left") {
  const Uniform law{-1, 3};
  CHECK(law.log_prob(-1).item() == law.log_prob(3).item());
  CHECK(law.log_prob(3).item() == -std::log(4));
  CHECK(kl(law, Uniform{-1, 2.9}).item() == INFINITY);
  CHECK(kl(law, Uniform{-1, 7}).item() == std::log(2));
}

TEST_CASE("Uniform: a narrow interval far from 0 is never left by a draw") {
  const Tensor low(1000.F), high(1000.0001F);
  const Distribution law = Uniform{low, high};
  for (double x : numbers(law.sample(Key(1), {1000}))) CHECK((x >= low.item() && x <= high.item()));
}

}  // namespace tapir::vi::test
