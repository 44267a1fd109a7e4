// Geometric: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/geometric.hpp>

#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

long double log1p_exp(long double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

const Listed row{{
    .name = "Geometric",
    .make = [](const std::vector<Var>& p) { return Geometric{.logits = p[0]}; },
    .cases = {scalars({0.4}), scalars({-1.3}), scalars({-3}), scalars({5}), scalars({40})},
    .extremes = {scalars({-30}), scalars({-300}), scalars({300})},
    .log_prob = [](const Parameters& p,
                   long double x) { return -x * log1p_exp(p[0].item()) - log1p_exp(-p[0].item()); },
    .cdf = [](const Parameters& p, long double x) { return -std::expm1(-(x + 1) * log1p_exp(p[0].item())); },
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          const long double rate = log1p_exp(p[0].item());
          for (int i = 0; i < 3 || (i < 1000 && static_cast<long double>(i) * rate < 40); ++i) x.push_back(i);
          return x;
        },
    .outside = {-1, 0.5, -INFINITY, INFINITY},
}};

}  // namespace

TEST_CASE("Geometric: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Geometric::probs({1.5, at});
        }) == "[Geometric] probs is 1.5, needs to lie in [0, 1] (at model.cpp:7)");
  CHECK(error_of([&] { Distribution(Geometric::probs(1)).check(at); }) ==
        "[Geometric] logits is inf, needs to be finite (at model.cpp:7)");
}

TEST_CASE("Geometric: probabilities become logits, and many failures are counted") {
  CHECK(Geometric::probs(0.25).log_prob(2).item() == doctest::Approx(2 * std::log(0.75) + std::log(0.25)));
  CHECK(Geometric{-50}.log_prob(1e20).item() == doctest::Approx(-1e20 * std::exp(-50.0) - 50));
  CHECK(Geometric::probs(0.2).mean().item() == doctest::Approx(4));
}

}  // namespace tapir::vi::test
