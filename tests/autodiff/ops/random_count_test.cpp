// Poisson draws: their law for every size of the rate, errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/random.hpp>

#include <cmath>
#include <map>

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <doctest/doctest.h>

#include "derivative_rule.hpp"

// Seeds are fixed. The stated rate is that of failing for a newly chosen seed.
namespace tapir::test {
namespace {

constexpr Index count = 100000;

Tensor draws(double rate, DType dtype = f64) {
  return poisson_draw(Key(5, dtype) / "n", rate, {count}).tensor();
}

/// The probability of less than k.
double below(double k, double rate) { return k <= 0 ? 0 : boost::math::gamma_q(k, rate); }

}  // namespace

// Chi-square over bins of a tenth of the standard deviation, those of less than 10 expected draws joined at
// both ends: fails in 1 of 10^6 seeds, for each rate.
TEST_CASE("poisson_draw has the Poisson law for rates from 0.01 to 1e9") {
  for (double rate : {0.01, 0.7, 3.0, 9.99, 10.0, 11.3, 35.5, 1e3, 1e6, 1e9}) {
    CAPTURE(rate);
    const double width = std::max(1.0, std::floor(std::sqrt(rate) / 10));
    std::map<double, double> counts;
    const Tensor drawn = draws(rate);
    bool whole = true;
    for (double n : drawn.view<double>()) {
      whole = whole && n >= 0 && n == std::floor(n);
      ++counts[std::floor(n / width)];
    }
    CHECK(whole);
    double statistic = 0, seen = 0, expected = 0;
    int bins = 0;
    const double last = std::floor((rate + 9 * std::sqrt(rate) + 9) / width);
    for (double bin = std::max(0.0, std::floor((rate - 9 * std::sqrt(rate)) / width)); bin <= last; ++bin) {
      seen += counts[bin];
      expected += count * (below((bin + 1) * width, rate) - below(bin * width, rate));
      const double left = count * boost::math::gamma_p(std::max((bin + 1) * width, 1e-9), rate);
      if ((expected < 10 || left < 10) && bin < last) continue;
      if (expected > 0.01) statistic += (seen - expected) * (seen - expected) / expected, ++bins;
      seen = expected = 0;
    }
    CAPTURE(statistic);
    CAPTURE(bins);
    const boost::math::chi_squared law(std::max(1, bins - 1));
    CHECK(boost::math::cdf(boost::math::complement(law, statistic)) > 1e-6);
  }
}

TEST_CASE("poisson_draw: f32 are the f64 draws, rounded; a rate of 0 gives 0") {
  const Tensor wide = draws(7.5), narrow = draws(7.5, f32);
  CHECK(narrow.dtype() == f32);
  for (Index i = 0; i < 100; ++i) CHECK(narrow.at(i) == wide.at(i));
  check_close(poisson_draw(Key(5), column({0, 0}), {2}), {0, 0});
}

TEST_CASE("poisson_draw: what is no rate gives NaN, another dtype is an error") {
  check_close(poisson_draw(Key(5), column({infinity, -1, nan}), {3}), {nan, nan, nan});
  CHECK(error_of([] {
          poisson_draw(Key(5, f32), column({1, 2}), {2});
        }) == "[poisson_draw] the key draws f32, the rate is f64[2]; cast one of them (at "
              "random_count_test.cpp)");
}

}  // namespace tapir::test
