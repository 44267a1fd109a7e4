// Pareto: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/pareto.hpp>

#include <doctest/doctest.h>

#include <tapir/vi/kl.hpp>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

long double log_density(const Parameters& p, long double x) {
  const long double a = p[1].item();
  return x < p[0].item() ? -INFINITY : std::log(a) - std::log(x) - a * std::log(x / p[0].item());
}

long double distribution(const Parameters& p, long double x) {
  return x < p[0].item() ? 0 : -std::expm1(-p[1].item() * std::log(x / p[0].item()));
}

const Listed row{{
    .name = "Pareto",
    .make = [](const std::vector<Var>& p) { return Pareto{.scale = p[0], .concentration = p[1]}; },
    .cases = {scalars({1.3, 12}), scalars({0.5, 4.5}), scalars({1000.0, 1.7}), scalars({1e-06, 0.8})},
    .extremes = {scalars({1, 0.001}), scalars({1, 1000000.0}), scalars({1e-30, 2}), scalars({1e+20, 2})},
    .log_prob = log_density,
    .cdf = distribution,
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          for (double t : {0.03, 0.06, 0.1, 0.15, 0.2, 0.3,  0.5,  0.7,  1.0,  1.5,
                           2.0,  3.0,  4.0, 5.0,  8.0, 12.0, 20.0, 30.0, 36.0, 40.0})
            x.push_back(p[0].item() * std::exp(std::min(40.0, t / p[1].item())));
          return x;
        },
    .outside = {0, -1, -INFINITY, INFINITY, 9e-7},
    .length =
        [](const Parameters& p) {
          return static_cast<long double>(p[0].item() * std::min(1.0, 1 / p[1].item()));
        },
    .breaks =
        [](const Parameters& p) {
          return std::vector<double>{p[0].item(), INFINITY};
        },
    .moments = [](const Parameters& p) { return p[1].item(); },
}};

}  // namespace

TEST_CASE("Pareto: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(Pareto{0, 1}).check(at);
        }) == "[Pareto] scale is 0, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(Pareto{1, -2}).check(at);
        }) == "[Pareto] concentration is -2, needs to be positive (at model.cpp:7)");
}

TEST_CASE("Pareto: moments that do not exist are inf, and so is kl to a law with a higher threshold") {
  CHECK(Pareto{2, 1}.mean().item() == INFINITY);
  CHECK(Pareto{2, 2}.variance().item() == INFINITY);
  CHECK(Pareto{2, 4}.mean().item() == doctest::Approx(8.0 / 3));
  CHECK(kl(Pareto{2, 1}, Pareto{2.5, 1}).item() == INFINITY);
  CHECK(kl(Pareto{2.5, 1}, Pareto{2, 1}).item() == doctest::Approx(std::log(1.25)));
}

}  // namespace tapir::vi::test
