// SkewNormal: its row, its symmetric case, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/skew_normal.hpp>

#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <doctest/doctest.h>

#include <tapir/vi/distributions/normal.hpp>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

long double log_density(const Parameters& p, long double x) {
  const long double s = p[1].item(), z = (x - p[0].item()) / s;
  return -z * z / 2 - std::log(s) - 0.918938533204672741780329736405617640L +
         std::log(boost::math::erfc(-p[2].item() * z * 0.707106781186547524400844362104849039L));
}

// From 13 scales below loc, piece by piece.
long double distribution(const Parameters& p, long double x) {
  const long double s = p[1].item(), low = p[0].item() - 13 * s;
  if (!(x > low)) return 0;
  constexpr int pieces = 16;
  const long double step = (std::min(x, low + 26 * s) - low) / pieces;
  long double total = 0;
  for (int i = 0; i < pieces; ++i)
    total += boost::math::quadrature::gauss<long double, 25>::integrate(
        [&](long double t) { return std::exp(log_density(p, t)); }, low + i * step, low + (i + 1) * step);
  return std::min(1.0L, total);
}

const Listed row{{
    .name = "SkewNormal",
    .make =
        [](const std::vector<Var>& p) { return SkewNormal{.loc = p[0], .scale = p[1], .skewness = p[2]}; },
    .cases = {scalars({0.25, 1.5, 2}), scalars({-1, 0.5, -0.7}), scalars({0, 1, 0}), scalars({3, 20, 5}),
              scalars({0, 1e-3, -4})},
    .extremes = {scalars({0, 1e-30, 1}), scalars({0, 1, 1e-3}), scalars({0, 1e30, -6})},
    .log_prob = log_density,
    .cdf = distribution,
    .cdf_unit = 1,  // a normal probability less two of Owen's
    .points =
        [](const Parameters& p) {
          return at_scores(
              p, {-20, -12, -8, -5, -3, -2, -1, -0.5, -0.1, -1e-6, 0, 0.02, 0.2, 0.6, 1, 2, 4, 7, 12, 20});
        },
    .outside = {-INFINITY, INFINITY},
    .length =
        [](const Parameters& p) {
          return p[1].item() / (1 + std::abs(static_cast<long double>(p[2].item())));
        },
    .breaks =
        [](const Parameters& p) {
          return std::vector<double>{-INFINITY, p[0].item(), INFINITY};
        },
    .one_number = false,
}};

}  // namespace

TEST_CASE("SkewNormal: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(SkewNormal{0, 0, 1}).check(at);
        }) == "[SkewNormal] scale is 0, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(SkewNormal{0, 1, Tensor(NAN)}).check(at);
        }) == "[SkewNormal] skewness is nan, needs to be finite (at model.cpp:7)");
}

TEST_CASE("SkewNormal: without skewness it is Normal, also far in the tails") {
  const Tensor x = column({-1e4, -30, -1, 0.5, 40});
  const auto skew = numbers(SkewNormal{0.5, 2, 0}.log_prob(x)), normal = numbers(Normal{0.5, 2}.log_prob(x));
  for (std::size_t i = 0; i < skew.size(); ++i) CHECK(near(skew[i], normal[i], 1e-15));
}

// mpmath, 40 digits: log(2 npdf(z) ncdf(a z)).
TEST_CASE("SkewNormal: log_prob where Phi is below every number") {
  CHECK(near(SkewNormal{0, 1, 50}.log_prob(-10.0).item(), -125057.35934198423159, 1e-15));
  CHECK(near(SkewNormal{0, 1, -3}.log_prob(1e4).item(), -500000011.4536825476, 1e-15));
}

}  // namespace tapir::vi::test
