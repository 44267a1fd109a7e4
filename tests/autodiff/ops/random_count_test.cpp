// Draws of counts: their laws for every size of the parameters, errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/random.hpp>

#include <cmath>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/special_functions/beta.hpp>
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

/// A law of counts: the probabilities of less than k, and of k or more.
struct Counts {
  double mean, deviation;
  std::function<double(double)> below, from;
};

Counts poisson(double rate) {
  return {rate, std::sqrt(rate), [=](double k) { return k <= 0 ? 0 : boost::math::gamma_q(k, rate); },
          [=](double k) { return k <= 0 ? 1 : boost::math::gamma_p(k, rate); }};
}

Counts binomial(double total, double p, double q) {
  return {total * p, std::sqrt(total * p * q),
          [=](double k) { return k <= 0      ? 0
                                 : k > total ? 1
                                             : boost::math::ibetac(k, total - k + 1, p); },
          [=](double k) { return k <= 0      ? 1
                                 : k > total ? 0
                                             : boost::math::ibeta(k, total - k + 1, p); }};
}

/// Chi-square over bins of a tenth of the standard deviation, those of less than 10 expected draws joined at
/// both ends: fails in 1 of 10^6 seeds.
void check_law(std::span<const double> drawn, const Counts& law) {
  const double width = std::max(1.0, std::floor(law.deviation / 10));
  std::map<double, double> counts;
  bool whole = true;
  for (double n : drawn) {
    whole = whole && n >= 0 && n == std::floor(n);
    ++counts[std::floor(n / width)];
  }
  CHECK(whole);
  double statistic = 0, seen = 0, expected = 0;
  int bins = 0;
  const auto draw_count = static_cast<double>(drawn.size());
  const double last = std::floor((law.mean + 9 * law.deviation + 9) / width);
  for (double bin = std::max(0.0, std::floor((law.mean - 9 * law.deviation) / width)); bin <= last; ++bin) {
    seen += counts[bin];
    expected += draw_count * (law.below((bin + 1) * width) - law.below(bin * width));
    const double left = draw_count * law.from((bin + 1) * width);
    if ((expected < 10 || left < 10) && bin < last) continue;
    if (expected > 0.01) statistic += (seen - expected) * (seen - expected) / expected, ++bins;
    seen = expected = 0;
  }
  CAPTURE(statistic);
  CAPTURE(bins);
  const boost::math::chi_squared squares(std::max(1, bins - 1));
  CHECK(boost::math::cdf(boost::math::complement(squares, statistic)) > 1e-6);
}

}  // namespace

TEST_CASE("poisson_draw has the Poisson law for rates from 0.01 to 1e9") {
  for (double rate : {0.01, 0.7, 3.0, 9.99, 10.0, 11.3, 35.5, 1e3, 1e6, 1e9}) {
    CAPTURE(rate);
    check_law(draws(rate).view<double>(), poisson(rate));
  }
}

TEST_CASE("binomial_draw has the binomial law for totals up to 2^53 and probabilities down to 1e-15") {
  struct Point {
    double total, logits;
  };
  for (const auto [total, logits] :
       {Point{1, 0.3}, Point{7, -1}, Point{19, 0}, Point{20, 0}, Point{21, 0.01}, Point{30, -0.7},
        Point{40, 1.09}, Point{40, 1.1}, Point{200, -2.9}, Point{200, 3.1}, Point{1000, 0.5}, Point{1e6, -11},
        Point{1e6, 12}, Point{1e6, -4}, Point{1e9, 0.2}, Point{0x1p53, -34.5}, Point{0x1p53, -30},
        Point{0x1p53, 0.1}, Point{0x1p53 - 1, 33.0}}) {
    CAPTURE(total);
    CAPTURE(logits);
    const double rarer = std::exp(-std::abs(logits)), p = rarer / (1 + rarer), q = 1 / (1 + rarer);
    const Tensor drawn = binomial_draw(Key(5) / "n", total, logits, {count}).tensor();
    std::vector<double> rare;
    for (double n : drawn.view<double>()) rare.push_back(logits > 0 ? total - n : n);
    check_law(rare, binomial(total, p, q));
  }
}

// The marginals are binomial, and so is the second of what the first leaves.
TEST_CASE("multinomial_draw: counts sum to the total, each has its binomial law") {
  const Tensor logits = column({0.5, -30, -1.5, 1, -infinity});
  const double total = 60;
  const Tensor drawn = multinomial_draw(Key(6), total, logits, {count}).tensor();
  REQUIRE(drawn.shape() == Shape{count, 5});
  double all = 0;
  for (Index i = 0; i < 5; ++i) all += std::exp(logits.at(i));
  std::vector<double> of_first, rest;
  for (Index i = 0; i < 5; ++i) {
    CAPTURE(i);
    std::vector<double> own;
    for (Index j = 0; j < count; ++j)
      own.push_back(drawn.view<double>()[static_cast<std::size_t>(5 * j + i)]);
    const double p = std::exp(logits.at(i)) / all;
    if (p > 0) {
      check_law(own, binomial(total, p, 1 - p));
    } else {
      for (double e : own) CHECK(e == 0);
    }
  }
  bool complete = true;
  std::vector<double> second;
  for (Index j = 0; j < count; ++j) {
    const double* row = drawn.view<double>().data() + 5 * j;
    complete = complete && row[0] + row[1] + row[2] + row[3] + row[4] == total;
    if (row[0] == 20) second.push_back(row[2]);
  }
  CHECK(complete);
  const double p = std::exp(-1.5) / (all - std::exp(0.5));
  check_law(second, binomial(total - 20, p, 1 - p));
}

TEST_CASE("binomial_draw and multinomial_draw: nothing of a category without weight, all of the only one") {
  check_close(binomial_draw(Key(5), column({7, 7, 0}), column({infinity, -infinity, 1}), {3}), {7, 0, 0});
  check_close(multinomial_draw(Key(5), 7, column({-infinity, 2, -infinity}), {}), {0, 7, 0});
  check_close(multinomial_draw(Key(5), 0, column({-infinity, -infinity}), {}), {0, 0});
}

TEST_CASE("binomial_draw and multinomial_draw: what is no total and what are no logits give NaN") {
  check_close(binomial_draw(Key(5), column({-1, 0.5, nan, 0x1p54, 3}), column({0, 0, 0, 0, nan}), {5}),
              {nan, nan, nan, nan, nan});
  check_close(multinomial_draw(Key(5), column({-1, 2}), column({0, 1}), {2}).tensor().rows(0, 1), {nan, nan});
  check_close(multinomial_draw(Key(5), 3, column({-infinity, -infinity}), {}), {nan, nan});
  check_close(multinomial_draw(Key(5), 3, column({nan, 1}), {}), {nan, nan});
  CHECK(
      error_of([] { multinomial_draw(Key(5), 3, Tensor(1.0), {}); }) ==
      "[multinomial_draw] the logits are f64[]; they need an axis of categories (at random_count_test.cpp)");
  CHECK(
      error_of([] {
        binomial_draw(Key(5, f32), column({1, 2}), 0, {2});
      }) ==
      "[binomial_draw] the key draws f32, the total is f64[2]; cast one of them (at random_count_test.cpp)");
  CHECK(error_of([] {
          binomial_draw(Key(5, f32), 1, column({1, 2}), {2});
        }) == "[binomial_draw] the key draws f32, the logits are f64[2]; cast one of them (at "
              "random_count_test.cpp)");
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
