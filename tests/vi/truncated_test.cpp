// Truncated: its rows, far tails, errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/truncated.hpp>

#include <cmath>

#include <boost/math/distributions/cauchy.hpp>
#include <boost/math/distributions/exponential.hpp>
#include <boost/math/distributions/gamma.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
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
  for (double t : {0.0, 1e-6, 1e-3, 0.01, 0.05, 0.1, 0.15, 0.25, 0.3, 0.4,
                   0.5, 0.6,  0.7,  0.8,  0.85, 0.9, 0.95, 0.99, 0.999, 1.0}) x.push_back((1 - t) * low + t * high);
  return x;
}

const Listed of_normal{{
    .name = "Truncated Normal",
    .make = [](const Vars& p) { return Truncated(Normal{.loc = p[0], .scale = p[1]}, p[2], p[3]); },
    .cases = {scalars({0.3, 1.2, -1, 2}), scalars({0, 1, 1, 4}), scalars({0.5, 0.5, -3, 0.25}),
              scalars({0, 1, 6, 8}), scalars({0, 1, -9, -7})},
    .extremes = {scalars({0, 1e-30, -1e-30, 2e-30}), scalars({0, 1e30, -1e30, 3e30}), scalars({0, 1, 12, 14})},
    .log_prob = [](const Parameters& p, long double x) { return gaussian(p).log_prob(x); },
    .cdf = [](const Parameters& p, long double x) { return gaussian(p).less(x); },
    .cdf_unit = 1,  // a difference of the base's
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
    .extremes = {scalars({0, 1e-30, 1e-30}), scalars({0, 1e30, -1e30}), scalars({0, 1, 1e6})},
    .log_prob = [](const Parameters& p, long double x) { return half_heavy(p).log_prob(x); },
    .cdf = [](const Parameters& p, long double x) { return half_heavy(p).less(x); },
    .cdf_unit = 1,
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          for (double t : {0.0, 1e-5, 1e-3, 0.01, 0.1, 0.2, 0.3, 0.5, 0.7,  1.0,
                           1.5, 2.0,  3.0,  5.0,  10., 20., 60., 300., 1e4, 1e6})
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

// mpmath 1.3, 60 digits: by gammainc and betainc, x and the bounds as given.
TEST_CASE("Truncated: laws whose tails are incomplete gamma and beta functions, where these are below every "
          "number") {
  const auto log_gamma = [](double a, double x) { return (a - 1) * std::log(x) - x - std::lgamma(a); };
  const Distribution gamma = Truncated(Gamma{2.5, 1}, 900, 1000);
  // log of Q(2.5, 900) - Q(2.5, 1000), mpmath
  CHECK(near(gamma.log_prob(Tensor(910.0)).item(), log_gamma(2.5, 910) + 890.079424522295228643L, 1e-11));
  for (const Distribution& law :
       {Distribution(Truncated(Gamma{3, 2}, 0.5, 4)), Distribution(Truncated(InverseGamma{3, 2}, 0.5, 4)),
        Distribution(Truncated(Chi2{5}, 6)), Distribution(Truncated(Beta{2, 5}, 0.3, 0.9)),
        Distribution(Truncated(StudentT{4, 0.5, 2}, 7, 30)), Distribution(Truncated(HalfStudentT{3, 2}, 4))})
    for (double u : {1e-6, 0.2, 0.7, 0.999}) {
      CAPTURE(law.name());
      CHECK(near(law.cdf(*law.icdf(Tensor(u)))->item(), u, 1e-11));
    }
}

TEST_CASE("Truncated: gradients by the shapes of the base are differences of its integrals") {
  const auto of_gamma = [](long double a, long double b) {
    const boost::math::gamma_distribution<long double> law(a, 1 / b);
    return std::log(pdf(law, 3.5L)) - std::log(cdf(complement(law, 3.0L)) - cdf(complement(law, 5.0L)));
  };
  const auto gamma = value_and_gradients({Tensor(2.5), Tensor(1.5)}, [](const Vars& p) {
    return Truncated(Gamma{p[0], p[1]}, 3, 5).log_prob(Tensor(3.5));
  });
  CHECK(near(gamma[0].item(), of_gamma(2.5L, 1.5L), 1e-12));
  CHECK(near(gamma[1].item(),
             central_difference([&](long double a) { return of_gamma(a, 1.5L); }, 2.5L, 0x1p-10L), 1e-9));
  CHECK(near(gamma[2].item(),
             central_difference([&](long double b) { return of_gamma(2.5L, b); }, 1.5L, 0x1p-10L), 1e-9));
  const auto of_t = [](long double df) {
    const boost::math::students_t_distribution<long double> law(df);
    return std::log(pdf(law, 3.5L)) - std::log(cdf(complement(law, 3.0L)));
  };
  const auto student = value_and_gradients({Tensor(4.5)}, [](const Vars& p) {
    return Truncated(StudentT{p[0], 0, 1}, 3).log_prob(Tensor(3.5));
  });
  CHECK(near(student[1].item(), central_difference(of_t, 4.5L, 0x1p-10L), 1e-9));
}

TEST_CASE("Truncated: a draw of Gamma moves with its concentration as its quantiles do") {
  const Tensor u = column({0.1, 0.5, 0.95});
  const auto results = value_and_gradients({Tensor::full({f64, {3}}, 2.5)}, [&](const Vars& p) {
    return *Distribution(Truncated(Gamma{p[0], 1}, 3, 5)).icdf(u);
  });
  const auto quantile = [](long double a, long double level) {
    const boost::math::gamma_distribution<long double> law(a);
    return boost::math::quantile(law, cdf(law, 3.0L) + level * (cdf(law, 5.0L) - cdf(law, 3.0L)));
  };
  for (Index i = 0; i < 3; ++i)
    CHECK(near(results[1].at(i),
               central_difference([&](long double a) { return quantile(a, u.at(i)); }, 2.5L, 0x1p-10L),
               1e-9));
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
