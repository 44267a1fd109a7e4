// Truncated and Censored counts: rows, closed forms, far tails, gradients, errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include <boost/math/distributions/negative_binomial.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <doctest/doctest.h>

#include <tapir/vi/distributions/distributions.hpp>

#include "law_suite.hpp"
#include "recorded_run.hpp"
#include "shown_law.hpp"

namespace tapir::vi::test {
namespace {

using Vars = std::vector<Var>;
constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<double> counts(double low, double high) {
  std::vector<double> x;
  for (double k = low; k <= high; ++k) x.push_back(k);
  return x;
}

// log of the sum of a log pmf over the counts from `low` up to `high`.
template <class F>
long double log_total(double low, double high, const F& log_pmf) {
  long double total = 0;
  for (double k = low; k <= high; ++k) total += std::exp(static_cast<long double>(log_pmf(k)));
  return std::log(total);
}

long double log_poisson(long double rate, long double k) {
  return k * std::log(rate) - rate - boost::math::lgamma(k + 1);
}

long double log_binomial(long double n, long double logits, long double k) {
  return boost::math::lgamma(n + 1) - boost::math::lgamma(k + 1) - boost::math::lgamma(n - k + 1) +
         k * logits - n * std::log1p(std::exp(logits));
}

const Listed of_poisson{{
    .name = "Truncated Poisson",
    .make = [](const Vars& p) { return Truncated(Poisson{.rate = p[0]}, p[1]); },
    .cases = {scalars({4.2, 1}), scalars({0.3, 1}), scalars({9.5, 15}), scalars({60.5, 20}),
              scalars({1e-3, 3})},
    .log_prob =
        [](const Parameters& p, long double x) {
          const long double rate = p[0].item(), low = p[1].item();
          return x < low ? -INFINITY : log_poisson(rate, x) - std::log(boost::math::gamma_p(low, rate));
        },
    .cdf =
        [](const Parameters& p, long double x) {
          const long double rate = p[0].item(), low = p[1].item();
          return x < low ? 0 : 1 - boost::math::gamma_p(x + 1, rate) / boost::math::gamma_p(low, rate);
        },
    .cdf_unit = 1,  // a difference of the base's
    .points =
        [](const Parameters& p) {
          const double rate = p[0].item();
          return counts(p[1].item(), std::max(rate, p[1].item()) + 14 * std::sqrt(rate) + 25);
        },
    .outside = {0, -1, 20.5, -infinity, infinity},
    .random =
        [](std::mt19937_64& noise) {
          std::uniform_real_distribution<double> u;
          const double rate = std::pow(10, 5 * u(noise) - 2);
          return std::vector<double>{rate, std::floor((rate + 5 * std::sqrt(rate)) * u(noise))};
        },
}};

const Listed of_binomial{{
    .name = "Truncated Binomial",
    .make =
        [](const Vars& p) { return Truncated(Binomial{.total_count = p[0], .logits = p[1]}, p[2], p[3]); },
    .cases = {scalars({12, 0.4, 3, 9}), scalars({40, -1, 15, 40}), scalars({40, -1, 20, 20}),
              scalars({9, 2, 0, 4})},
    .log_prob =
        [](const Parameters& p, long double x) {
          const double n = p[0].item(), logits = p[1].item(), low = p[2].item(), high = p[3].item();
          if (x < low || x > high) return -static_cast<long double>(infinity);
          return log_binomial(n, logits, x) -
                 log_total(low, high, [&](double k) { return log_binomial(n, logits, k); });
        },
    .cdf =
        [](const Parameters& p, long double x) {
          const auto log_pmf = [&](double k) { return log_binomial(p[0].item(), p[1].item(), k); };
          const double low = p[2].item(), high = std::min(static_cast<double>(x), p[3].item());
          return std::exp(log_total(low, high, log_pmf) - log_total(low, p[3].item(), log_pmf));
        },
    .cdf_unit = 1,
    .points = [](const Parameters& p) { return counts(p[2].item(), p[3].item()); },
    .outside = {-1, 5.5, 41, -infinity, infinity},
    .random =
        [](std::mt19937_64& noise) {
          std::uniform_real_distribution<double> u;
          const double n = 1 + std::floor(40 * u(noise)), low = std::floor(n * u(noise));
          return std::vector<double>{n, 2 * u(noise) - 1, low, low + std::floor((n - low) * u(noise))};
        },
}};

const Listed of_geometric{{
    .name = "Truncated Geometric",
    .make = [](const Vars& p) { return Truncated(Geometric{.logits = p[0]}, p[1], p[2]); },
    .cases = {scalars({0.4, 2, 9}), scalars({-1.3, 0, 5}), scalars({-3, 40, 90})},
    .log_prob =
        [](const Parameters& p, long double x) {
          const double low = p[1].item(), high = p[2].item();
          if (x < low || x > high) return -static_cast<long double>(infinity);
          const long double rate = std::log1p(std::exp(static_cast<long double>(p[0].item())));
          return -rate * x - log_total(low, high, [&](double k) { return -rate * k; });
        },
    .cdf =
        [](const Parameters& p, long double x) {
          const long double rate = std::log1p(std::exp(static_cast<long double>(p[0].item())));
          const long double low = p[1].item(), all = p[2].item() + 1 - low, some = std::min(x + 1 - low, all);
          return std::expm1(-rate * some) / std::expm1(-rate * all);
        },
    .cdf_unit = 1,
    .points = [](const Parameters& p) { return counts(p[1].item(), p[2].item()); },
    .outside = {-1, 5.5, 100, -infinity, infinity},
    .random =
        [](std::mt19937_64& noise) {
          std::uniform_real_distribution<double> u;
          const double low = std::floor(20 * u(noise));
          return std::vector<double>{6 * u(noise) - 3, low, low + std::floor(50 * u(noise))};
        },
}};

// The log pmf of NegativeBinomial{r, logits} from 1 on.
long double log_from_one(long double r, long double logits, double k) {
  const boost::math::negative_binomial_distribution<long double> law(r, 1 / (1 + std::exp(logits)));
  return std::log(pdf(law, k)) - std::log(cdf(complement(law, 0)));
}

}  // namespace

TEST_CASE("Truncated counts: from 1 on they are those that are not 0, for rates of 1e-9 too") {
  for (double rate : {1e-9, 0.02, 3.0, 800.0}) {
    const Distribution law = Truncated(Poisson{rate}, 1);
    for (double k : {1.0, 2.0, 7.0, 790.0})
      CHECK(near(law.log_prob(Tensor(k)).item(),
                 log_poisson(rate, k) - std::log(-std::expm1(-static_cast<long double>(rate))), 1e-12));
    CHECK(law.support().str() == "whole numbers in [1, inf)");
    CHECK(!law.is_pathwise());
    CHECK(!law.enumerate());
  }
}

// mpmath 1.3, 40 digits: log of pmf(k) / sum of pmf(300..) of Poisson(10), and of pmf(k) / sum of pmf(..20) of
// Poisson(1000).
TEST_CASE("Truncated counts: far out, where the probability between the bounds is below every number") {
  const Distribution above = Truncated(Poisson{10}, 300);
  CHECK(near(above.log_prob(Tensor(300.0)).item(), -0.033783089111953365L, 5e-12));  // of logarithms of -734
  for (double x : numbers(Truncated(Poisson{Tensor(10.0)}, 150).sample(Key(1), {100}))) CHECK(x >= 150);
  const Distribution below = Truncated(Poisson{1000}, -infinity, 20);
  CHECK(near(below.log_prob(Tensor(20.0)).item(), -0.020181926106998970L, 1e-12));
  CHECK(below.support().str() == "whole numbers in [0, 20]");
}

TEST_CASE("Truncated counts: gradients by a concentration are differences of the closed form") {
  const std::vector<double> x{1, 2, 5, 30};
  const auto results = value_and_gradients({Tensor(0.6), Tensor(1.3)}, [&](const Vars& p) {
    return Truncated(NegativeBinomial{.concentration = p[0], .logits = p[1]}, 1).log_prob(column(x));
  });
  const auto total = [&](long double r, long double logits) {
    long double sum = 0;
    for (double k : x) sum += log_from_one(r, logits, k);
    return sum;
  };
  CHECK(near(results[0].item(), total(0.6L, 1.3L), 1e-12));
  CHECK(near(results[1].item(),
             central_difference([&](long double r) { return total(r, 1.3L); }, 0.6L, 0x1p-10L), 1e-8));
  CHECK(near(results[2].item(),
             central_difference([&](long double t) { return total(0.6L, t); }, 1.3L, 0x1p-10L), 1e-8));
}

// A score of variance below 1: |mean| < 5/sqrt(n) fails for 1 of 10^6 seeds.
TEST_CASE("Truncated counts: the score of draws has mean 0, by a concentration too") {
  constexpr Index n = 40000;
  const Tensor draws = Truncated(NegativeBinomial{3, 0.5}, 2, 9).sample(Key(4, f64), {n}).tensor();
  const auto results = value_and_gradients({Tensor(3.0), Tensor(0.5)}, [&](const Vars& p) {
    return Truncated(NegativeBinomial{p[0], p[1]}, 2, 9).log_prob(draws);
  });
  for (std::size_t k : {1U, 2U}) CHECK(std::abs(results[k].item()) / n < 5 * 1.5 / std::sqrt(n));
}

TEST_CASE("Truncated counts: bounds of a plate, values listed, and what cannot be listed") {
  const Where at{"model.cpp", 7};
  const Distribution many = Truncated(Poisson{4}, column({1, 3}));
  CHECK(many.batch_shape() == Shape{2});
  CHECK(near(many.log_prob(column({1, 3})).tensor().at(1),
             log_poisson(4, 3) - std::log(boost::math::gamma_p(3.0L, 4.0L)), 1e-13));
  CHECK(numbers(*Truncated(Poisson{4}, 2, 5).enumerate()) == counts(2, 5));
  CHECK(numbers(*Truncated(Binomial{6, 0.5}, 3).enumerate()) == counts(3, 6));
  CHECK(error_of([&] {
          (void)Truncated(Poisson{4}, column({1, 3}), 9).enumerate(at);
        }) == "[Truncated] the ends are f64[2] and f64[]: not all elements have the same values to list (at "
              "model.cpp:7)");
  CHECK(error_of([&] { Distribution(Truncated(Poisson{}, 0.5)).check(at); }) ==
        "[Truncated] low is 0.5, needs to be a whole number in [-9007199254740992, 9007199254740992] (at "
        "model.cpp:7)");
  CHECK(error_of([&] { Distribution(Truncated(Poisson{}, 3, 2)).check(at); }) ==
        "[Truncated] high is 2, needs to be a whole number in [3, 9007199254740992] (at model.cpp:7)");
  CHECK(error_of([&] {
          Truncated(Binomial{5, 0.0}, 7).log_prob({8.0, at});
        }) == "[Truncated] Binomial has no probability between the bounds 7 and inf (at model.cpp:7)");
}

TEST_CASE("Censored counts: the last one stands for all beyond, and probabilities sum to 1") {
  const Distribution law = Censored(Poisson{4.2}, 2, 7);
  CHECK(law.support().str() == "whole numbers in [2, 7]");
  const auto values = *law.enumerate();
  CHECK(numbers(values) == counts(2, 7));
  const auto log_p = numbers(law.log_prob(values));
  double total = 0;
  for (double p : log_p) total += std::exp(p);
  CHECK(near(total, 1, 1e-14));
  CHECK(near(log_p.front(), std::log(boost::math::gamma_q(3.0L, 4.2L)), 1e-13));
  CHECK(near(log_p.back(), std::log(boost::math::gamma_p(7.0L, 4.2L)), 1e-13));
  CHECK(near(log_p[1], log_poisson(4.2L, 3), 1e-13));
  CHECK(numbers(*law.cdf(column({1, 2, 6.5, 7}))) ==
        std::vector<double>{0, law.cdf(Tensor(2.0))->item(), law.cdf(Tensor(6.0))->item(), 1});
  for (double x : numbers(law.sample(Key(2, f64), {200}))) CHECK((x >= 2 && x <= 7));
  CHECK(Censored(Poisson{4.2}, -infinity, 7).support().str() == "whole numbers in [0, 7]");
  const auto results = value_and_gradients(
      {Tensor(4.2)}, [](const Vars& p) { return Censored(Poisson{p[0]}, 2, 7).log_prob(Tensor(7.0)); });
  CHECK(near(results[1].item(), std::exp(log_poisson(4.2L, 6)) / boost::math::gamma_p(7.0L, 4.2L), 1e-13));
}

}  // namespace tapir::vi::test
