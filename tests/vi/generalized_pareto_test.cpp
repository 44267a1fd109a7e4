// GeneralizedPareto: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/generalized_pareto.hpp>

#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

double end_of(const Parameters& p) {
  return p[2].item() < 0 ? p[0].item() - p[1].item() / p[2].item() : INFINITY;
}

// -log(1 - F).
long double hazard(const Parameters& p, long double x) {
  const long double z = (x - p[0].item()) / p[1].item(), k = p[2].item();
  return k == 0 ? z : std::log1p(k * z) / k;
}

long double log_density(const Parameters& p, long double x) {
  if (x < p[0].item() || x >= end_of(p)) return -INFINITY;
  return -(1 + p[2].item()) * hazard(p, x) - std::log(static_cast<long double>(p[1].item()));
}

long double distribution(const Parameters& p, long double x) {
  if (x < p[0].item()) return 0;
  return x >= end_of(p) ? 1 : -std::expm1(-hazard(p, x));
}

const Listed row{{
    .name = "GeneralizedPareto",
    .make =
        [](const std::vector<Var>& p) {
          return GeneralizedPareto{.loc = p[0], .scale = p[1], .concentration = p[2]};
        },
    .cases = {scalars({0.3, 1.2, 0.05}), scalars({-1.7, 0.4, -0.3}), scalars({0, 1, 0}),
              scalars({1, 2, 0.7})},
    .extremes = {scalars({0, 1, 1e-09}), scalars({0, 1, -1e-09}), scalars({0, 1, 0.001}), scalars({0, 1, -1}),
                 scalars({0, 1e-30, 0.5}), scalars({0, 1e+30, 0.1}), scalars({0, 1, 100})},
    .log_prob = log_density,
    .cdf = distribution,
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          const double k = p[2].item();
          for (double e :
               {1e-2, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0,
                1.3,  1.7,  2.0,  2.5, 3.0,  4.0, 5.0, 6.0, 8.0, k < 0 ? 9.0 : k == 0 ? 12.0 : 60.0})
            x.push_back(p[0].item() + p[1].item() * (k == 0 ? e : std::expm1(std::min(60.0, k * e)) / k));
          return x;
        },
    .outside = {-1.75, -INFINITY, INFINITY},
    .length = [](const Parameters& p) { return static_cast<long double>(p[1].item()); },
    .breaks =
        [](const Parameters& p) {
          return std::vector<double>{p[0].item(), end_of(p)};
        },
    .moments = [](const Parameters& p) { return p[2].item() > 0 ? 1 / p[2].item() : 1e9; },
}};

}  // namespace

TEST_CASE("GeneralizedPareto: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(GeneralizedPareto{0, 0, 1}).check(at);
        }) == "[GeneralizedPareto] scale is 0, needs to be positive (at model.cpp:7)");
}

TEST_CASE("GeneralizedPareto: moments that do not exist are inf, and the support ends where the "
          "concentration is negative") {
  CHECK(GeneralizedPareto{0, 1, 1}.mean().item() == INFINITY);
  CHECK(GeneralizedPareto{0, 1, 0.5}.variance().item() == INFINITY);
  CHECK(GeneralizedPareto{1, 2, -0.5}.log_prob(5.5).item() == -INFINITY);
  CHECK(GeneralizedPareto{1, 2, -0.5}.support().bounds()->high.item() == 5);
  CHECK(GeneralizedPareto{1, 2, 0.5}.support().bounds()->high.item() == INFINITY);
}

}  // namespace tapir::vi::test
