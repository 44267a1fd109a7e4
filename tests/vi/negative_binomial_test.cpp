// NegativeBinomial: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/negative_binomial.hpp>

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <doctest/doctest.h>

#include <tapir/vi/distributions/geometric.hpp>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

long double log1p_exp(long double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

// A rounding of the logits, or of their softplus, moves log p by |x - mean| / (1 + e^logits) of them. In f32
// that is more than 1e-5 where both the concentration and the mean are 1e6, which is left out.
const Listed row{{
    .name = "NegativeBinomial",
    .make = [](const std::vector<Var>& p) { return NegativeBinomial{.concentration = p[0], .logits = p[1]}; },
    .cases = {scalars({3.5, 0.4}), scalars({0.6, -1.3}), scalars({12, 2}), scalars({40, -3}),
              scalars({0.2, 3})},
    .extremes = {scalars({1e-3, 1}), scalars({1e6, -12}), scalars({1e4, 2}), scalars({2, 9}),
                 scalars({2, -30})},
    .log_prob =
        [](const Parameters& p, long double x) {
          const long double r = p[0].item(), logits = p[1].item();
          return boost::math::lgamma(x + r) - boost::math::lgamma(r) - boost::math::lgamma(x + 1) -
                 x * log1p_exp(-logits) - r * log1p_exp(logits);
        },
    .cdf =
        [](const Parameters& p, long double x) {
          const long double r = p[0].item(), q = 1 / (1 + std::exp(static_cast<long double>(p[1].item())));
          return boost::math::ibeta(r, x + 1, q);
        },
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          const double odds = std::exp(p[1].item()), mean = p[0].item() * odds;
          const double width = std::sqrt(mean * (1 + odds));
          const double low = std::max(0.0, std::floor(mean - 10 * width));
          const double high = mean + 14 * width + 36 * (1 + odds);
          for (double k = low; k < high; k += std::max(1.0, std::floor((high - low) / 2000))) x.push_back(k);
          return x;
        },
    .outside = {-1, 0.5, -INFINITY, INFINITY},
}};

}  // namespace

TEST_CASE("NegativeBinomial: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(NegativeBinomial{0, 1}).check(at);
        }) == "[NegativeBinomial] concentration is 0, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] {
          NegativeBinomial::probs(2, {1.5, at});
        }) == "[NegativeBinomial] probs is 1.5, needs to lie in [0, 1] (at model.cpp:7)");
  CHECK(error_of([&] {
          NegativeBinomial::with_mean({-1, at}, 2);
        }) == "[NegativeBinomial] mean is -1, needs to be positive (at model.cpp:7)");
}

TEST_CASE("NegativeBinomial: by probabilities and by its mean") {
  const auto law = NegativeBinomial::with_mean(6, 2.5);
  CHECK(near(law.mean().item(), 6, 1e-14));
  CHECK(near(law.variance().item(), 6 + 36 / 2.5, 1e-14));
  const Tensor counts = column({0, 1, 2, 5, 40});
  const auto one = numbers(NegativeBinomial::probs(1, 0.7).log_prob(counts));
  const auto geometric = numbers(Geometric::probs(0.3).log_prob(counts));
  for (std::size_t i = 0; i < one.size(); ++i) CHECK(near(one[i], geometric[i], 1e-13));
}

}  // namespace tapir::vi::test
