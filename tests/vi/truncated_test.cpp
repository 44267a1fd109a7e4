// Truncated: its rows, far tails, errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/truncated.hpp>

#include <cmath>

#include <boost/math/distributions/cauchy.hpp>
#include <boost/math/distributions/exponential.hpp>
#include <boost/math/distributions/normal.hpp>
#include <doctest/doctest.h>

#include <tapir/vi/bijectors/exp.hpp>
#include <tapir/vi/distributions/distributions.hpp>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

using Vars = std::vector<Var>;
constexpr double infinity = std::numeric_limits<double>::infinity();

// The oracle of a law between two bounds, by the side in which it is larger.
template <class Base>
struct Between {
  Base base;
  long double low, high;

  long double mass() const {
    const long double above = cdf(complement(base, low));
    if (above < 0.5L) return above - (std::isinf(high) ? 0 : cdf(complement(base, high)));
    return (std::isinf(high) ? 1 : cdf(base, high)) - cdf(base, low);
  }
  long double log_prob(long double x) const { return std::log(pdf(base, x)) - std::log(mass()); }
  long double less(long double x) const {
    const long double above = cdf(complement(base, low));
    if (above < 0.5L) return (above - cdf(complement(base, x))) / mass();
    return (cdf(base, x) - cdf(base, low)) / mass();
  }
};

using Gaussian = boost::math::normal_distribution<long double>;
using Heavy = boost::math::cauchy_distribution<long double>;

Between<Gaussian> gaussian(const Parameters& p) {
  return {{p[0].item(), p[1].item()}, p[2].item(), p[3].item()};
}

Between<Heavy> half_heavy(const Parameters& p) { return {{p[0].item(), p[1].item()}, p[2].item(), infinity}; }

std::vector<double> shares(double low, double high) {
  std::vector<double> x;
  for (double t : {0.0, 1e-6, 0.01, 0.1, 0.25, 0.5, 0.7, 0.9, 0.99, 1.0}) x.push_back(low + t * (high - low));
  return x;
}

const Listed of_normal{{
    .name = "Truncated Normal",
    .make = [](const Vars& p) { return Truncated(Normal{.loc = p[0], .scale = p[1]}, p[2], p[3]); },
    .cases = {scalars({0.3, 1.2, -1, 2}), scalars({0, 1, 1, 4}), scalars({0.5, 0.5, -3, 0.25}),
              scalars({0, 1, 6, 8}), scalars({0, 1, -9, -7})},
    .log_prob = [](const Parameters& p, long double x) { return gaussian(p).log_prob(x); },
    .cdf = [](const Parameters& p, long double x) { return gaussian(p).less(x); },
    .points = [](const Parameters& p) { return shares(p[2].item(), p[3].item()); },
    .outside = {-infinity, -100, 100, infinity},
    .length = [](const Parameters& p) { return static_cast<long double>(p[1].item()) / 8; },
    .breaks =
        [](const Parameters& p) {
          return std::vector<double>{p[2].item(), p[3].item()};
        },
    .random =
        [](std::mt19937_64& noise) {
          std::uniform_real_distribution<double> u;
          const double scale = std::pow(10, 6 * u(noise) - 3), low = scale * (4 * u(noise) - 2);
          return std::vector<double>{scale * (2 * u(noise) - 1), scale, low, low + scale * (0.1 + u(noise))};
        },
}};

const Listed of_cauchy{{
    .name = "Truncated Cauchy",
    .make = [](const Vars& p) { return Truncated(Cauchy{.loc = p[0], .scale = p[1]}, p[2]); },
    .cases = {scalars({0, 1.5, 0}), scalars({0.3, 1, -1}), scalars({0, 2, 5})},
    .log_prob = [](const Parameters& p, long double x) { return half_heavy(p).log_prob(x); },
    .cdf = [](const Parameters& p, long double x) { return half_heavy(p).less(x); },
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          for (double t : {0.0, 1e-5, 0.1, 0.5, 1.0, 2.0, 5.0, 20.0, 300.0, 1e6})
            x.push_back(p[2].item() + t * p[1].item());
          return x;
        },
    .outside = {-infinity, -10},
    .length = [](const Parameters& p) { return static_cast<long double>(p[1].item()); },
    .breaks =
        [](const Parameters& p) {
          return std::vector<double>{p[2].item(), infinity};
        },
    .moments = [](const Parameters&) { return 0.9; },
}};

}  // namespace

TEST_CASE("Truncated: Normal is TruncatedNormal, 30 scales out too; Exponential forgets where it begins") {
  for (double low : {-2.0, 5.0, 30.0}) {
    const Distribution law = Truncated(Normal{0, 1}, low, low + 1),
                       exact = TruncatedNormal{0, 1, low, low + 1};
    for (double t : {0.0, 0.1, 0.5, 1.0}) {
      CHECK(near(law.log_prob(Tensor(low + t)).item(), exact.log_prob(Tensor(low + t)).item(), 1e-11));
      CHECK(near(law.cdf(Tensor(low + t))->item(), exact.cdf(Tensor(low + t))->item(), 1e-11));
    }
    for (double u : {1e-3, 0.2, 0.7, 0.999})
      CHECK(near(law.icdf(Tensor(u))->item(), exact.icdf(Tensor(u))->item(), 1e-11));
  }
  const Distribution waiting = Truncated(Exponential{2}, 100);
  CHECK(near(waiting.log_prob(Tensor(100.25)).item(), std::log(2.0L) - 0.5L, 1e-13));
  CHECK(near(waiting.icdf(Tensor(0.5))->item(), 100 + std::log(2.0L) / 2, 1e-13));
  CHECK(waiting.support().str() == "numbers in [100, inf)");
}

TEST_CASE("Truncated: a bound outside the base's support is none") {
  const Distribution law = Truncated(Exponential{2}, -3);
  CHECK(law.support().str() == "nonnegative numbers");
  CHECK(near(law.log_prob(Tensor(0.5)).item(), std::log(2.0L) - 1, 1e-14));
  CHECK(law.log_prob(Tensor(-1.0)).item() == -infinity);
}

TEST_CASE("Truncated: one more base through a bijector, and truncated within a plate") {
  const Distribution base = Transformed(Normal{0.2, 0.5}, Exp{});
  const Distribution law = Truncated(base, 0.5, 2), direct = Truncated(LogNormal{0.2, 0.5}, 0.5, 2);
  for (double x : {0.5, 0.7, 1.0, 2.0})
    CHECK(near(law.log_prob(Tensor(x)).item(), direct.log_prob(Tensor(x)).item(), 1e-13));
  const Distribution many = Truncated(Normal{column({0, 1, 2}), 1}, 0.5);
  CHECK(many.batch_shape() == Shape{3});
  const Tensor z = many.sample(Key(1), {1000, 3}).tensor();
  for (double x : numbers(z)) CHECK(x >= 0.5);
}

TEST_CASE("Truncated: errors") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] { Truncated(BetaBinomial{}, 0, infinity, at); }) ==
        "[Truncated] BetaBinomial has no tails; needs log_cdf, log_sf and isf (at model.cpp:7)");
  CHECK(error_of([&] {
          Truncated(Exponential{}, -2, -1).log_prob({0.0, at});
        }) == "[Truncated] Exponential has no probability between the bounds -2 and -1 (at model.cpp:7)");
  CHECK(error_of([&] { Distribution(Truncated(Normal{}, 1, 0)).check(at); }) ==
        "[Truncated] high is 0, needs to be greater than 1 (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(Truncated(Normal{0, -1}, 1)).check(at);
        }) == "[Truncated] base.scale is -1, needs to be positive (at model.cpp:7)");
  CHECK(std::isnan(Truncated(Exponential{}, -2, -1).icdf(Tensor(0.5)).item()));
}

}  // namespace tapir::vi::test
