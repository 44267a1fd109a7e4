// Triangular: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/triangular.hpp>

#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

long double log_density(const Parameters& p, long double x) {
  const long double low = p[0].item(), high = p[1].item(), peak = p[2].item();
  if (x < low || x > high) return -INFINITY;
  return std::log(2 * (x < peak ? (x - low) / (peak - low) : (high - x) / (high - peak)) / (high - low));
}

long double distribution(const Parameters& p, long double x) {
  const long double low = p[0].item(), high = p[1].item(), peak = p[2].item();
  if (x < low || x > high) return x > high;
  return x < peak ? (x - low) * (x - low) / ((high - low) * (peak - low))
                  : 1 - (high - x) * (high - x) / ((high - low) * (high - peak));
}

const Listed row{{
    .name = "Triangular",
    .make = [](const std::vector<Var>& p) { return Triangular{.low = p[0], .peak = p[2], .high = p[1]}; },
    .cases = {scalars({-1, 2, 0.2}), scalars({0, 1, 0.5}), scalars({1000.0, 1001.5, 1001})},
    .extremes = {scalars({0, 1, 0}), scalars({0, 1, 1}), scalars({0, 5e-30, 2e-30}),
                 scalars({-1e+30, 1e+30, 0})},
    .log_prob = log_density,
    .cdf = distribution,
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          for (double u : {1e-6, 0.001, 0.01, 0.03, 0.05, 0.1, 0.15, 0.2,  0.3,  0.35,
                           0.45, 0.55,  0.6,  0.7,  0.75, 0.8, 0.9,  0.95, 0.99, 0.999})
            x.push_back((1 - u) * p[0].item() + u * p[1].item());
          return x;
        },
    .outside = {-1.5, 2.5, -INFINITY, INFINITY},
    .length = [](const Parameters& p) { return static_cast<long double>((p[1].item() - p[0].item()) / 8); },
    .breaks =
        [](const Parameters& p) {
          return std::vector<double>{p[0].item(), p[2].item(), p[1].item()};
        },
    .random =
        [](std::mt19937_64& noise) {
          std::normal_distribution<double> normal;
          const double low = std::sinh(4 * normal(noise)), size = std::max(1.0, std::abs(low));
          const double peak = low + size * std::max(0.0, normal(noise)) * std::exp(4 * normal(noise));
          return std::vector<double>{low, peak + size * std::exp(4 * normal(noise)), peak};
        },
}};

}  // namespace

TEST_CASE("Triangular: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(Triangular{0, 3, 2}).check(at);
        }) == "[Triangular] peak is 3, needs to lie in [0, 2] (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(Triangular{2, 2, 2}).check(at);
        }) == "[Triangular] high is 2, needs to be greater than 2 (at model.cpp:7)");
}

TEST_CASE("Triangular: the peak may lie at an end") {
  CHECK(Triangular{0, 0, 2}.log_prob(0).item() == 0);
  CHECK(Triangular{0, 0, 2}.log_prob(2).item() == -INFINITY);
  CHECK(Triangular{0, 2, 2}.log_prob(2).item() == 0);
  CHECK(Triangular{0, 2, 2}.log_prob(0).item() == -INFINITY);
}

TEST_CASE("Triangular: no draw rounds to an end, where the density is 0") {
  const Triangular law{Tensor(1000.F), Tensor(1000.001F), Tensor(1000.002F)};
  for (double y : numbers(law.log_prob(law.sample(Key(1), {100000})))) CHECK(y > -INFINITY);
}

}  // namespace tapir::vi::test
