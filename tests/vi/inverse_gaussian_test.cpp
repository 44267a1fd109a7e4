// InverseGaussian: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/inverse_gaussian.hpp>

#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

long double log_density(const Parameters& p, long double x) {
  if (!(x > 0) || x == INFINITY) return -INFINITY;
  const long double m = p[0].item(), c = p[1].item(), shift = (x - m) / m;
  return (std::log(c) - 3 * std::log(x)) / 2 - 0.918938533204672741780329736405617640L -
         c / x * shift * shift / 2;
}

long double phi(long double z) { return boost::math::erfc(-z * 0.707106781186547524400844362104849039L) / 2; }

// The closed form, or where exp(2 c/m) overflows, a Gaussian's width about the mean piece by piece.
long double distribution(const Parameters& p, long double x) {
  if (!(x > 0) || x == INFINITY) return x > 0;
  const long double m = p[0].item(), c = p[1].item(), root = std::sqrt(c / x);
  if (c / m < 2000) return phi(root * (x - m) / m) + std::exp(2 * c / m) * phi(-root * (x + m) / m);
  const long double width = m * std::sqrt(m / c), low = m - 14 * width, high = std::min(x, m + 14 * width);
  if (high <= low) return 0;
  long double total = 0;
  for (int i = 0; i < 20; ++i)
    total += boost::math::quadrature::gauss<long double, 25>::integrate(
        [&](long double t) { return std::exp(log_density(p, t)); }, low + i * (high - low) / 20,
        low + (i + 1) * (high - low) / 20);
  return total;
}

const Listed row{{
    .name = "InverseGaussian",
    .make = [](const std::vector<Var>& p) { return InverseGaussian{.loc = p[0], .concentration = p[1]}; },
    .cases = {scalars({1.5, 4}), scalars({0.75, 0.5}), scalars({1000, 2e5}), scalars({1e-3, 0.25}),
              scalars({8, 0.5})},
    .extremes = {scalars({1, 1e6}), scalars({1, 1e-3}), scalars({1e-30, 2e-30}), scalars({1e30, 1e33})},
    .log_prob = log_density,
    .cdf = distribution,
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          const double m = p[0].item(), ratio = p[1].item() / m, width = std::min(1.0, 1 / std::sqrt(ratio));
          for (double t : {-8.0, -6.0, -4.0, -3.0, -2.0, -1.5, -1.0, -0.5, -0.1, -1e-3,
                           0.0,  0.02, 0.2,  0.6,  1.0,  2.0,  3.0,  4.0,  5.0,  6.0})
            x.push_back(m * std::exp(t * width + (ratio < 1 ? 0.3 * std::log(ratio) : 0)));
          return x;
        },
    .outside = {0, -1, -INFINITY, INFINITY},
    .length =
        [](const Parameters& p) {
          const double m = p[0].item(), c = p[1].item();
          return static_cast<long double>(std::min(m * std::sqrt(m / c), std::min(m, c)));
        },
    .breaks =
        [](const Parameters& p) {
          const double m = p[0].item(), lean = 1.5 * m / p[1].item();
          return std::vector<double>{0, m / (std::sqrt(1 + lean * lean) + lean), INFINITY};
        },
}};

}  // namespace

TEST_CASE("InverseGaussian: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(InverseGaussian{0, 1}).check(at);
        }) == "[InverseGaussian] loc is 0, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(InverseGaussian{1, -2}).check(at);
        }) == "[InverseGaussian] concentration is -2, needs to be positive (at model.cpp:7)");
}

}  // namespace tapir::vi::test
