// RelaxedOneHotCategorical: its row, its draws, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/relaxed_one_hot_categorical.hpp>

#include <doctest/doctest.h>

#include <algorithm>

#include <tapir/vi/distributions/relaxed_bernoulli.hpp>

#include "matrices.hpp"
#include "recorded_run.hpp"
#include "vector_suite.hpp"

namespace tapir::vi::test {
namespace {

using Law = RelaxedOneHotCategorical;

const std::vector<double> logits{0.4, -0.3, 1.1};

// log (n - 1)! + (n - 1) log t + sum(l - (t + 1) log x) - n log sum exp(l - t log x).
long double log_density(const Parameters& p, const Point& x) {
  const long double t = p[0].item();
  const auto n = static_cast<long double>(x.size());
  long double largest = -INFINITY, total = 0, result = std::lgamma(n) + (n - 1) * std::log(t);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double l = p[1].at(static_cast<Index>(i));
    largest = std::max(largest, l - t * std::log(x[i]));
    result += l - (t + 1) * std::log(x[i]);
  }
  for (std::size_t i = 0; i < x.size(); ++i)
    total += std::exp(p[1].at(static_cast<Index>(i)) - t * std::log(x[i]) - largest);
  return result - n * (largest + std::log(total));
}

// Near corners and edges too.
std::vector<Point> points_at(const Parameters& p) {
  std::vector<Point> points;
  for (double a : {1e-12, 1e-6, 0.1, 0.3, 0.6})
    for (double b : {1e-9, 1e-3, 0.2, 0.35})
      points.push_back(p[1].size() == 2 ? Point{a, 1 - a} : Point{a, b, 1 - a - b});
  return points;
}

// Logistic.
double log_odds(const Parameters&, const Point& x) {
  return static_cast<double>(std::log(x.front() / x.back()));
}

long double log_odds_cdf(const Parameters& p, double x) {
  const long double shift = p[1].at(0) - p[1].at(p[1].size() - 1);
  return 1 / (1 + std::exp(shift - p[0].item() * static_cast<long double>(x)));
}

const ListedVector row{
    {.name = "RelaxedOneHotCategorical",
     .make = [](const std::vector<Var>& p) { return Law{.temperature = p[0], .logits = p[1]}; },
     .cases = {{Tensor(0.9), column(logits)},
               {Tensor(0.7), column({0.3, -1})},
               {Tensor(0.3), column(logits)},
               {Tensor(2.5), column(logits)}},
     .extremes = {{Tensor(1e-4), column(logits)}, {Tensor(1e-2), column(logits)}, {Tensor(20.0), column(logits)},
                  {Tensor(1e4), column(logits)}},
     .log_prob = log_density,
     .points = points_at,
     .outside = {{0.5, 0.5, 0}, {0.5, 0.6, 0.2}, {-0.1, 0.6, 0.5}, {1, 0, 0}},
     .projections = {{log_odds, log_odds_cdf}},
     .random =
         [](std::mt19937_64& noise) {
           const double t = std::pow(10, 4 * std::uniform_real_distribution<double>()(noise) - 2);
           return Parameters{Tensor(t), random_vector(3, noise)};
         }}};

long double softmax_of(std::size_t which) {
  long double total = 0;
  for (double l : logits) total += std::exp(static_cast<long double>(l));
  return std::exp(static_cast<long double>(logits[which])) / total;
}

}  // namespace

TEST_CASE("RelaxedOneHotCategorical: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(Law{0, column({0, 0})}).check(at);
        }) == "[RelaxedOneHotCategorical] temperature is 0, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] {
          Law::probs(1, {column({-0.5, 1}), at});
        }) ==
        "[RelaxedOneHotCategorical] probs is -0.5 at [0] of f64[2], needs to lie in [0, 1] (at model.cpp:7)");
  CHECK(error_of([&] {
          (Law{1, column({0, 1, 2})}.log_prob({column({0.5, 0.5}), at}));
        }) == "[RelaxedOneHotCategorical] x is f64[2]; its last axis has to be of 3 (at model.cpp:7)");
}

TEST_CASE("RelaxedOneHotCategorical: over two categories it is RelaxedBernoulli") {
  for (double x : {1e-6, 0.2, 0.5, 0.99})
    CHECK(near(Law{0.7, column({1.3, 0.4})}.log_prob(column({x, 1 - x})).item(),
               RelaxedBernoulli{0.7, 0.9}.log_prob(x).item(), 1e-12));
}

// Differences of logarithms of coordinates are logistic. False alarms 1 in 10^6 each.
TEST_CASE(
    "RelaxedOneHotCategorical: draws by Kolmogorov-Smirnov, and their largest coordinate is the category") {
  constexpr Index n = 100000;
  const double t = 0.6;
  const Tensor x = Law{t, column(logits)}.sample(Key(2), {n}).tensor();
  REQUIRE(x.shape() == Shape{n, 3});
  std::vector<double> counts(3), z;
  for (Index i = 0; i < n; ++i) {
    const double a = x.at(3 * i), b = x.at(3 * i + 1), c = x.at(3 * i + 2);
    ++counts[a > b ? (a > c ? 0 : 2) : (b > c ? 1 : 2)];
    z.push_back(t * (std::log(a) - std::log(b)) - (logits[0] - logits[1]));
    CHECK(std::abs(a + b + c - 1) < 1e-12);
  }
  for (std::size_t k = 0; k < 3; ++k) {
    const auto p = static_cast<double>(softmax_of(k));
    CHECK(std::abs(counts[k] - n * p) < 4.9 * std::sqrt(n * p * (1 - p)));
  }
  std::sort(z.begin(), z.end());
  double distance = 0;
  for (std::size_t i = 0; i < z.size(); ++i) {
    const double p = 1 / (1 + std::exp(-z[i]));
    distance = std::max({distance, p - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - p});
  }
  CHECK(std::sqrt(n) * distance < std::sqrt(std::log(2e6) / 2));
}

TEST_CASE("RelaxedOneHotCategorical: draws from one key move with logits and temperature as softmax does") {
  const Key key(5);
  const auto results = value_and_gradients({Tensor(0.6), column(logits)}, [&](const std::vector<Var>& v) {
    return square(Law{v[0], v[1]}.sample(key, {40}));
  });
  const auto value = [&](double t, const std::vector<double>& l) {
    return static_cast<long double>(sum(square(Law{t, column(l)}.sample(key, {40}))).item());
  };
  CHECK(near(
      results[1].item(),
      central_difference([&](long double t) { return value(static_cast<double>(t), logits); }, 0.6L, 1e-3L),
      1e-7));
  for (std::size_t k = 0; k < 3; ++k) {
    const auto by = [&](long double to) {
      auto l = logits;
      l[k] = static_cast<double>(to);
      return value(0.6, l);
    };
    CHECK(near(results[2].at(static_cast<Index>(k)), central_difference(by, logits[k], 1e-3L), 1e-7));
  }
}

}  // namespace tapir::vi::test
