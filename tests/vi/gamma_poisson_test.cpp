// GammaPoisson: its row, its errors, NegativeBinomial by another name.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/gamma_poisson.hpp>

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <doctest/doctest.h>

#include <tapir/vi/distributions/negative_binomial.hpp>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

const Listed row{{
    .name = "GammaPoisson",
    .make = [](const std::vector<Var>& p) { return GammaPoisson{.concentration = p[0], .rate = p[1]}; },
    .cases = {scalars({3.5, 0.7}), scalars({0.6, 4}), scalars({12, 0.15}), scalars({40, 20}),
              scalars({0.2, 0.05})},
    .extremes = {scalars({1e-3, 0.4}), scalars({1e6, 1e5}), scalars({1e4, 0.13}), scalars({2, 1e-4}),
                 scalars({2, 1e13})},
    .log_prob =
        [](const Parameters& p, long double x) {
          const long double a = p[0].item(), rate = p[1].item();
          return boost::math::lgamma(x + a) - boost::math::lgamma(a) - boost::math::lgamma(x + 1) -
                 x * std::log1p(rate) - a * std::log1p(1 / rate);
        },
    .cdf =
        [](const Parameters& p, long double x) {
          const long double a = p[0].item(), rate = p[1].item();
          return boost::math::ibeta(a, x + 1, rate / (1 + rate));
        },
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          const double odds = 1 / p[1].item(), mean = p[0].item() * odds,
                       width = std::sqrt(mean * (1 + odds));
          const double low = std::max(0.0, std::floor(mean - 10 * width));
          const double high = mean + 14 * width + 36 * (1 + odds);
          for (double k = low; k < high; k += std::max(1.0, std::floor((high - low) / 2000))) x.push_back(k);
          return x;
        },
    .outside = {-1, 0.5, -INFINITY, INFINITY},
}};

}  // namespace

TEST_CASE("GammaPoisson: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(GammaPoisson{0, 1}).check(at);
        }) == "[GammaPoisson] concentration is 0, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(GammaPoisson{1, -2}).check(at);
        }) == "[GammaPoisson] rate is -2, needs to be positive (at model.cpp:7)");
}

TEST_CASE("GammaPoisson: it is NegativeBinomial of logits -log rate") {
  const GammaPoisson law{2.5, 0.25};
  const NegativeBinomial other{2.5, std::log(4.0)};
  const Tensor counts = column({0, 1, 2, 5, 40});
  for (Index i = 0; i < 5; ++i)
    CHECK(near(law.log_prob(counts).tensor().at(i), other.log_prob(counts).tensor().at(i), 1e-14));
  CHECK(near(law.variance().item(), other.variance().item(), 1e-14));
}

}  // namespace tapir::vi::test
