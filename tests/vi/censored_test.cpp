// Censored: the probabilities of its ends, draws and their gradients, errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/censored.hpp>

#include <cmath>

#include <boost/math/distributions/normal.hpp>
#include <doctest/doctest.h>

#include <tapir/vi/distributions/distributions.hpp>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

using Vars = std::vector<Var>;
using Gaussian = boost::math::normal_distribution<long double>;
constexpr double infinity = std::numeric_limits<double>::infinity();

const Listed of_normal{{
    .name = "Censored Normal",
    .make = [](const Vars& p) { return Censored(Normal{.loc = p[0], .scale = p[1]}, p[2], p[3]); },
    .cases = {scalars({0.3, 1.2, -1, 2}), scalars({0.5, 0.7, -0.5, 0.75}), scalars({0, 1, -6, -3}),
              scalars({1, 1000.0, -500, 800})},
    .extremes = {scalars({0, 1e-30, -1e-30, 2e-30}), scalars({0, 1e30, -1e30, 3e30}),
                 scalars({0, 1, 30, 50})},
    .log_prob = [](const Parameters& p, long double x) -> long double {
      const Gaussian base(p[0].item(), p[1].item());
      if (x < p[2].item() || x > p[3].item()) return -infinity;
      if (x == p[2].item()) return std::log(cdf(base, x));
      return std::log(x == p[3].item() ? cdf(complement(base, x)) : pdf(base, x));
    },
    .cdf = [](const Parameters& p, long double x) -> long double {
      if (x < p[2].item() || x >= p[3].item()) return x >= p[3].item();
      return cdf(Gaussian(p[0].item(), p[1].item()), x);
    },
    .points =
        [](const Parameters& p) {
          std::vector<double> x{p[2].item()};
          for (double t : {1e-6, 1e-3, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9,
                           0.95, 0.99, 0.999})
            x.push_back((1 - t) * p[2].item() + t * p[3].item());
          x.push_back(p[3].item());
          return x;
        },
    .outside = {-infinity, -1e4, 1e4, infinity},
    .length = [](const Parameters& p) { return static_cast<long double>(p[1].item()) / 4; },
    .breaks =
        [](const Parameters& p) {
          return std::vector<double>{p[2].item(), p[3].item()};
        },
    .atoms =
        [](const Parameters& p) {
          return std::vector<double>{p[2].item(), p[3].item()};
        },
    .random =
        [](std::mt19937_64& noise) {
          std::uniform_real_distribution<double> u;
          const double scale = std::pow(10, 6 * u(noise) - 3), low = scale * (4 * u(noise) - 2);
          return std::vector<double>{scale * (2 * u(noise) - 1), scale, low, low + scale * (0.1 + u(noise))};
        },
    .one_number = false,
}};

// A survival time that was cut off.
const Listed of_weibull{{
    .name = "Censored Weibull",
    .make =
        [](const Vars& p) {
          return Censored(Weibull{.scale = p[0], .concentration = p[1]}, -infinity, p[2]);
        },
    .cases = {scalars({2, 1.5, 3}), scalars({1, 2.5, 0.75}), scalars({0.5, 1, 0.25})},
    .extremes = {scalars({1e-30, 2, 3e-30}), scalars({1e30, 0.5, 1e30})},
    .log_prob = [](const Parameters& p, long double x) -> long double {
      const long double k = p[1].item(), log_z = std::log(x / p[0].item());
      if (x <= 0 || x > p[2].item()) return -infinity;
      if (x == p[2].item()) return -std::exp(k * log_z);
      return std::log(k / p[0].item()) + (k - 1) * log_z - std::exp(k * log_z);
    },
    .cdf = [](const Parameters& p, long double x) -> long double {
      if (x <= 0 || x >= p[2].item()) return x > 0;
      return -std::expm1(-std::pow(x / p[0].item(), static_cast<long double>(p[1].item())));
    },
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          for (double t : {1e-6, 1e-4, 1e-3, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2,  0.3,
                           0.4,  0.5,  0.6,  0.7,  0.8,  0.85, 0.9, 0.95, 0.99, 1.0})
            x.push_back(t * p[2].item());
          return x;
        },
    .outside = {-infinity, -1, 0, 1e4, infinity},
    .length =
        [](const Parameters& p) { return static_cast<long double>(std::min(p[0].item(), p[2].item())) / 4; },
    .breaks =
        [](const Parameters& p) {
          return std::vector<double>{0, p[2].item()};
        },
    .atoms = [](const Parameters& p) { return std::vector<double>{p[2].item()}; },
    .random =
        [](std::mt19937_64& noise) {
          std::uniform_real_distribution<double> u;
          const double scale = std::pow(10, 6 * u(noise) - 3);
          return std::vector<double>{scale, 0.2 + 3 * u(noise), scale * (0.1 + 2 * u(noise))};
        },
    .one_number = false,
}};

}  // namespace

TEST_CASE("Censored: probabilities at the ends, a density between, -inf elsewhere; the ends far out too") {
  const Gaussian oracle(0.3L, 1.2L);
  const Distribution law = Censored(Normal{0.3, 1.2}, -1, 2);
  CHECK(law.is_atomic());
  CHECK(near(law.log_prob(Tensor(-1.0)).item(), std::log(cdf(oracle, -1.0L)), 1e-13));
  CHECK(near(law.log_prob(Tensor(2.0)).item(), std::log(cdf(complement(oracle, 2.0L))), 1e-13));
  CHECK(near(law.log_prob(Tensor(0.5)).item(), std::log(pdf(oracle, 0.5L)), 1e-13));
  CHECK(law.log_prob(Tensor(-1.001)).item() == -infinity);
  CHECK(law.log_prob(Tensor(2.001)).item() == -infinity);
  CHECK(std::isnan(law.log_prob(Tensor(NAN)).item()));
  CHECK(numbers(*law.cdf(column({-2, 2}))) == std::vector<double>{0, 1});
  CHECK(near(law.cdf(Tensor(-1.0))->item(), cdf(oracle, -1.0L), 1e-13));
  // log Phi(-50) of mpmath 1.3: -1254.8313611394199
  CHECK(
      near(Censored(Normal{0, 1}, -infinity, 50).log_prob(Tensor(50.0)).item(), -1254.8313611394199L, 1e-12));
  CHECK(
      near(Censored(Normal{0, 1}, -infinity, 50).log_prob(Tensor(50.0F)).item(), -1254.8313611394199L, 1e-6));
}

TEST_CASE("Censored: a survival time that was cut off adds the log probability to last longer") {
  const Distribution law = Censored(Weibull{.scale = 2, .concentration = 1.5}, -infinity, 3);
  CHECK(near(law.log_prob(Tensor(3.0)).item(), -std::pow(1.5L, 1.5L), 1e-14));
  CHECK(law.support().str() == "numbers in (-inf, 3]");
}

TEST_CASE("Censored: errors") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] { Censored(BetaBinomial{}, 0, infinity, at); }) ==
        "[Censored] BetaBinomial has no tails; needs log_cdf, log_sf and isf (at model.cpp:7)");
  CHECK(error_of([&] { Distribution(Censored(Normal{}, 1, 0)).check(at); }) ==
        "[Censored] high is 0, needs to be greater than 1 (at model.cpp:7)");
  CHECK(error_of([&] {
          Mixture(Categorical{column({0, 0})}, {Censored(Normal{}, 0), Normal{}}, at);
        }) == "[Mixture] one of Censored and Normal has a density, the other one probabilities; a mixture of "
              "them has neither "
              "(at model.cpp:7)");
}

}  // namespace tapir::vi::test
