// Censored: the probabilities of its ends, draws and their gradients, errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/censored.hpp>

#include <cmath>

#include <boost/math/distributions/normal.hpp>
#include <doctest/doctest.h>

#include <tapir/vi/distributions/distributions.hpp>

#include "recorded_run.hpp"
#include "recording.hpp"
#include "shown_law.hpp"

namespace tapir::vi::test {
namespace {

using Vars = std::vector<Var>;
using Gaussian = boost::math::normal_distribution<long double>;
constexpr double infinity = std::numeric_limits<double>::infinity();

const Shown shown{
    {.make = [](const Vars& p) { return Censored(Normal{.loc = p[0], .scale = p[1]}, p[2], p[3]); },
     .parameters = {Tensor(0.3), Tensor(1.2), Tensor(-1.0), Tensor(2.0)}}};

// E X of a Normal clipped to [low, high].
long double clipped_mean(long double loc, long double scale, long double low, long double high) {
  const Gaussian standard(0, 1);
  const long double a = (low - loc) / scale, b = (high - loc) / scale;
  return low * cdf(standard, a) + high * cdf(complement(standard, b)) +
         loc * (cdf(standard, b) - cdf(standard, a)) + scale * (pdf(standard, a) - pdf(standard, b));
}

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

TEST_CASE("Censored: gradients of log_prob by parameters and ends are differences") {
  for (double x : {-1.0, 0.5, 2.0}) {
    const std::vector<Tensor> at{Tensor(0.3), Tensor(1.2)};
    const auto results = value_and_gradients(at, [&](const Vars& p) {
      return Censored(Normal{.loc = p[0], .scale = p[1]}, -1, 2).log_prob(Tensor(x));
    });
    const auto oracle = [&](long double loc, long double scale) {
      const Gaussian law(loc, scale);
      return std::log(x == -1 ? cdf(law, -1.0L) : x == 2 ? cdf(complement(law, 2.0L)) : pdf(law, x));
    };
    CHECK(near(results[1].item(),
               central_difference([&](long double m) { return oracle(m, 1.2L); }, 0.3L, 0x1p-10L), 1e-9));
    CHECK(near(results[2].item(),
               central_difference([&](long double s) { return oracle(0.3L, s); }, 1.2L, 0x1p-10L), 1e-9));
  }
}

// 5 comparisons; a new seed fails in 1 of 3000.
TEST_CASE("Censored: pathwise gradients of the mean of draws are those of the closed form, by the ends too") {
  constexpr Index n = 200000;
  const std::vector<double> at{0.3, 1.2, -1, 2};
  std::vector<Tensor> inputs;
  for (double x : at) inputs.emplace_back(Shape{n}, std::span<const double>(std::vector<double>(n, x)));
  const auto results = value_and_gradients(inputs, [&](const Vars& p) {
    return Censored(Normal{.loc = p[0], .scale = p[1]}, p[2], p[3]).sample(Key(3), {n});
  });
  const auto mean = [](const std::vector<double>& p) { return clipped_mean(p[0], p[1], p[2], p[3]); };
  CHECK(std::abs(results[0].item() / n - static_cast<double>(mean(at))) < 4 * 1.2 / std::sqrt(n));
  for (std::size_t k = 0; k < 4; ++k) {
    const long double expected = central_difference(
        [&](long double to) {
          auto moved = at;
          moved[k] = static_cast<double>(to);
          return mean(moved);
        },
        at[k], 0x1p-10L);
    Moments moments;
    for (double g : numbers(results[k + 1])) moments.add(g);
    CAPTURE(k);
    CHECK(std::abs(moments.z(static_cast<double>(expected))) < 4);
  }
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
