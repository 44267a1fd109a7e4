// ZeroInflated: rows with two bases, its errors, laws it takes.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/zero_inflated.hpp>

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <doctest/doctest.h>

#include <tapir/vi/distributions/bernoulli.hpp>
#include <tapir/vi/distributions/binomial.hpp>
#include <tapir/vi/distributions/categorical.hpp>
#include <tapir/vi/distributions/discrete_uniform.hpp>
#include <tapir/vi/distributions/iid.hpp>
#include <tapir/vi/distributions/multinomial.hpp>
#include <tapir/vi/distributions/negative_binomial.hpp>
#include <tapir/vi/distributions/normal.hpp>
#include <tapir/vi/distributions/poisson.hpp>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

long double log1p_exp(long double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

// In terms of what x = 0 has of the base, and lacks.
long double inflated(long double gate_logits, long double x, long double log_base, long double base_lacks) {
  const long double open = -log1p_exp(gate_logits);
  if (x > 0) return open + log_base;
  const long double lacks = std::exp(open) * base_lacks;
  if (lacks < 0.5L) return std::log1p(-lacks);
  const long double gate = -log1p_exp(-gate_logits), most = std::max(gate, open + log_base);
  return most + std::log(std::exp(gate - most) + std::exp(open + log_base - most));
}

std::vector<double> up_to(double last) {
  std::vector<double> x;
  for (double k = 0; k <= last; ++k) x.push_back(k);
  return x;
}

const Listed of_poisson{{
    .name = "ZeroInflated Poisson",
    .make = [](const std::vector<Var>& p) { return ZeroInflated(p[0], Poisson{p[1]}); },
    .cases = {scalars({-0.7, 4.2}), scalars({1.3, 0.3}), scalars({-40, 1e-3}), scalars({5, 30}),
              scalars({infinity, 2}), scalars({-infinity, 2})},
    .extremes = {scalars({-60, 1e-30}), scalars({-800, 900}), scalars({-30, 1e6}), scalars({30, 1e-20}),
                 scalars({-infinity, 900})},
    .log_prob =
        [](const Parameters& p, long double x) {
          const long double rate = p[1].item();
          return inflated(p[0].item(), x, x * std::log(rate) - rate - boost::math::lgamma(x + 1),
                          -std::expm1(-rate));
        },
    .cdf =
        [](const Parameters& p, long double x) {
          const long double gate = 1 / (1 + std::exp(-static_cast<long double>(p[0].item())));
          return gate + (1 - gate) * boost::math::gamma_q(x + 1, static_cast<long double>(p[1].item()));
        },
    .points = [](const Parameters& p) { return up_to(std::min(90.0, 20 + 3 * p[1].item())); },
    .outside = {-1, 0.5, -infinity, infinity},
}};

const Listed of_binomial{{
    .name = "ZeroInflated Binomial",
    .make =
        [](const std::vector<Var>& p) {
          return ZeroInflated(p[0], Binomial{p[1], p[2]});
        },
    .cases = {scalars({-0.7, 12, 0.3}), scalars({0.4, 3, -2}), scalars({1, 5, 40}), scalars({1, 0, 0.3}),
              scalars({-2, 5, -infinity}), scalars({-2, 5, infinity})},
    .log_prob =
        [](const Parameters& p, long double x) {
          const long double n = p[1].item(), logits = p[2].item();
          const auto times = [](long double k, long double log_p) { return k == 0 ? 0 : k * log_p; };
          const long double log_base = boost::math::lgamma(n + 1) - boost::math::lgamma(x + 1) -
                                       boost::math::lgamma(n - x + 1) - times(x, log1p_exp(-logits)) -
                                       times(n - x, log1p_exp(logits));
          return inflated(p[0].item(), x, log_base, -std::expm1(-times(n, log1p_exp(logits))));
        },
    .cdf =
        [](const Parameters& p, long double x) {
          const long double gate = 1 / (1 + std::exp(-static_cast<long double>(p[0].item())));
          const long double n = p[1].item(), q = 1 / (1 + std::exp(static_cast<long double>(p[2].item())));
          return gate + (1 - gate) * (x >= n ? 1 : boost::math::ibeta(n - x, x + 1, q));
        },
    .points = [](const Parameters& p) { return up_to(p[1].item()); },
    .outside = {-1, 0.5, 13, -infinity, infinity},
    .random =
        [](std::mt19937_64& noise) {
          std::normal_distribution<double> some(0, 10);
          return std::vector<double>{some(noise), static_cast<double>(noise() % 1000), some(noise)};
        },
}};

}  // namespace

TEST_CASE("ZeroInflated: errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] { ZeroInflated(0, Normal{}, at); }) ==
        "[ZeroInflated] values of Normal are real numbers; they have to be counts with 0 among them (at "
        "model.cpp:7)");
  CHECK(error_of([&] {
          ZeroInflated(0, Categorical{column({0, 1})}, at);
        }) == "[ZeroInflated] values of Categorical are whole numbers in [0, 1]; they have to be counts with "
              "0 among them "
              "(at model.cpp:7)");
  CHECK(error_of([&] {
          ZeroInflated(0, DiscreteUniform{1, 6}, at);
        }) ==
        "[ZeroInflated] values of DiscreteUniform are whole numbers in [1, 6]; they have to be counts with 0 "
        "among them (at model.cpp:7)");
  CHECK(
      error_of([&] {
        ZeroInflated(0, Multinomial{3, column({0, 1})}, at);
      }) ==
      "[ZeroInflated] a value of Multinomial has 1 axis; it has to be a number: iid goes around this law (at "
      "model.cpp:7)");
  CHECK(error_of([&] {
          ZeroInflated::gate({1.5, at}, Poisson{});
        }) == "[ZeroInflated] gate is 1.5, needs to lie in [0, 1] (at model.cpp:7)");
  CHECK(error_of([&] { Distribution(ZeroInflated(0, Poisson{-1})).check(at); }) ==
        "[ZeroInflated] base.rate is -1, needs to be positive (at model.cpp:7)");
}

TEST_CASE("ZeroInflated: any law of counts, under iid too") {
  for (const Distribution& base : {Distribution(Bernoulli{0.4}), Distribution(DiscreteUniform{0, 5}),
                                   Distribution(NegativeBinomial{2, 0.1})}) {
    const Distribution law = ZeroInflated::gate(0.25, base);
    CHECK(near(law.log_prob(0.0).item(), std::log(0.25 + 0.75 * std::exp(base.log_prob(0.0).item())), 1e-14));
    CHECK(near(law.log_prob(1.0).item(), std::log(0.75) + base.log_prob(1.0).item(), 1e-14));
    CHECK(near(law.mean()->item(), 0.75 * base.mean()->item(), 1e-14));
    CHECK(law.cdf(3.0).has_value() == base.cdf(3.0).has_value());
  }
  CHECK(numbers(*Distribution(ZeroInflated(0, Bernoulli{0.4})).enumerate()) == std::vector<double>{0, 1});
  const PlateAxis plates[]{{"rows", 2}, {"columns", 4}};
  const Aligned placed = Distribution(ZeroInflated(column({0.1, 0.2}), Poisson{3})).aligned(plates);
  CHECK(placed.log_prob(placed.sample(Key(1))).shape() == Shape{2, 4});
  const auto three = iid(ZeroInflated(column({0.1, 0.2}), Poisson{3}), {3});
  CHECK(three.sample(Key(1), {2}).shape() == Shape{2, 3});
  CHECK(three.log_prob(Tensor(Type{f64, {2, 3}})).shape() == Shape{2});
}

}  // namespace tapir::vi::test
