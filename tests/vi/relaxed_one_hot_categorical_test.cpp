// RelaxedOneHotCategorical: its density, its draws, its gradients, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/relaxed_one_hot_categorical.hpp>

#include <doctest/doctest.h>

#include <algorithm>

#include <tapir/vi/distributions/relaxed_bernoulli.hpp>

#include "law_suite.hpp"
#include "recorded_run.hpp"
#include "shown_law.hpp"

namespace tapir::vi::test {
namespace {

const Shown shown{
    {.make = [](const std::vector<Var>& p) { return RelaxedOneHotCategorical{.temperature = p[0], .logits = p[1]}; },
     .parameters = {Tensor(0.7), column({0.3, -1, 0.5})}}};

using Law = RelaxedOneHotCategorical;

const std::vector<double> logits{0.4, -0.3, 1.1};

// log (n - 1)! + (n - 1) log t + sum(l - (t + 1) log x) - n log sum exp(l - t log x), n = 3.
long double log_density(long double t, const std::vector<double>& l, const std::vector<long double>& x) {
  long double total = 0, result = std::log(2.0L) + 2 * std::log(t);
  for (std::size_t i = 0; i < 3; ++i) {
    total += std::exp(l[i] - t * std::log(x[i]));
    result += l[i] - (t + 1) * std::log(x[i]);
  }
  return result - 3 * std::log(total);
}

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

TEST_CASE("RelaxedOneHotCategorical: log_prob is the formula's, near corners and edges too") {
  for (DType dtype : {f64, f32})
    for (double t : {1e-2, 0.3, 1.0, 2.5, 20.0})
      for (double a : {1e-12, 1e-6, 0.1, 0.3, 0.6})
        for (double b : {1e-9, 1e-3, 0.2, 0.35}) {
          const Tensor x = column({a, b, 1 - a - b}).cast(dtype);
          const Tensor l = column(logits).cast(dtype), temperature = Tensor(t).cast(dtype);
          const long double expected =
              log_density(temperature.item(), numbers(l), {x.at(0), x.at(1), x.at(2)});
          CHECK(near(Law{temperature, l}.log_prob(x).item(), expected, dtype == f64 ? 1e-12 : 1e-5));
        }
}

TEST_CASE("RelaxedOneHotCategorical: over two categories it is RelaxedBernoulli") {
  for (double x : {1e-6, 0.2, 0.5, 0.99})
    CHECK(near(Law{0.7, column({1.3, 0.4})}.log_prob(column({x, 1 - x})).item(),
               RelaxedBernoulli{0.7, 0.9}.log_prob(x).item(), 1e-12));
}

// The midpoint rule in the free coordinates s of x = softmax(s, 0), whose volume element is x1 x2 x3.
TEST_CASE("RelaxedOneHotCategorical: the density integrates to 1 over the simplex within 1e-9") {
  constexpr double step = 0.25, far = 30;
  std::vector<double> x, volume;
  for (double s = -far; s <= far; s += step)
    for (double r = -far; r <= far; r += step) {
      const double largest = std::max({s, r, 0.0});
      const double a = std::exp(s - largest), b = std::exp(r - largest), c = std::exp(-largest),
                   total = a + b + c;
      for (double e : {a, b, c}) x.push_back(e / total);
      volume.push_back(step * step * a * b * c / (total * total * total));
    }
  const auto count = static_cast<Index>(volume.size());
  const auto log_p =
      numbers(Law{0.9, column(logits)}.log_prob(Tensor({count, 3}, std::span<const double>(x))));
  double total = 0;
  for (std::size_t i = 0; i < volume.size(); ++i) total += volume[i] * std::exp(log_p[i]);
  CHECK(near(total, 1, 1e-9));
}

TEST_CASE("RelaxedOneHotCategorical: outside and on the edges of the simplex log_prob is -inf without NaN "
          "gradients") {
  const Tensor x({4, 3}, {0.5, 0.5, 0.0, 0.5, 0.6, 0.2, -0.1, 0.6, 0.5, 1.0, 0.0, 0.0});
  for (double y : numbers(Law{0.5, column(logits)}.log_prob(x))) CHECK(y == -INFINITY);
  const auto results = value_and_gradients({Tensor(0.5), column(logits), x}, [](const std::vector<Var>& v) {
    return Law{v[0], v[1]}.log_prob(v[2]);
  });
  for (std::size_t k = 1; k < 4; ++k)
    for (double g : numbers(results[k])) CHECK(!std::isnan(g));
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

TEST_CASE("RelaxedOneHotCategorical: batches of logits and temperatures, and no NaN in 10^4 random ones") {
  const Distribution law = Law{column({0.5, 2}), column(logits)};
  CHECK(law.batch_shape() == Shape{2});
  CHECK(law.log_prob(law.sample(Key(1), {5, 2})).shape() == Shape{5, 2});
  constexpr Index n = 10000;
  for (DType dtype : {f64, f32}) {
    std::vector<double> t, l;
    for (Index i = 0; i < n; ++i) t.push_back(std::pow(10, -2 + 4 * static_cast<double>(i) / n));
    for (Index i = 0; i < 3 * n; ++i) l.push_back(50 * std::sin(static_cast<double>(i * i % 1009)));
    const std::vector<Tensor> inputs{column(t).cast(dtype),
                                     Tensor({n, 3}, std::span<const double>(l)).cast(dtype)};
    const auto draws = value_and_gradients(inputs, [&](const std::vector<Var>& v) {
      const Law one{v[0], v[1]};
      const Var x = one.sample(Key(9), {n});
      return one.log_prob(x);
    });
    for (const Tensor& g : draws)
      for (double e : numbers(g)) CHECK(!std::isnan(e));
  }
}

}  // namespace tapir::vi::test
