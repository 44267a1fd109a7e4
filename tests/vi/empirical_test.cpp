// Empirical: weights, vectors, draws, errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/empirical.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include "recorded_run.hpp"
#include "shown_law.hpp"

namespace tapir::vi::test {
namespace {

const Shown shown{{.make = [](const std::vector<Var>& p) { return Empirical(p[0], Categorical{p[1]}); },
                   .parameters = {column({0.5, 2, 2}), column({0, 0.3, 0.1})}}};

constexpr double infinity = std::numeric_limits<double>::infinity();

const Tensor points({3, 2}, {0., 1., 2., 3., 0., 4.});

}  // namespace

TEST_CASE("Empirical: the probability of a value is the sum of the weights with which it stands there") {
  const Distribution law = Empirical(column({1, 5, 1, 2}), Categorical::probs(column({0.1, 0.2, 0.3, 0.4})));
  const auto p = numbers(law.log_prob(column({1, 5, 2, 3, infinity, NAN})));
  CHECK(near(p[0], std::log(0.4L), 1e-14));
  CHECK(near(p[1], std::log(0.2L), 1e-14));
  CHECK(near(p[2], std::log(0.4L), 1e-14));
  CHECK(p[3] == -infinity);
  CHECK(p[4] == -infinity);
  CHECK(std::isnan(p[5]));
  CHECK(near(law.mean()->item(), 0.4L + 1 + 0.8L, 1e-14));
  CHECK(near(law.variance()->item(), 0.4L + 5 + 1.6L - 2.2L * 2.2L, 1e-14));
  const auto levels = numbers(*law.cdf(column({0.5, 1, 1.5, 2, 5})));
  for (std::size_t i = 0; i < 5; ++i)
    CHECK(near(levels[i], std::vector<double>{0, 0.4, 0.4, 0.8, 1}[i], 1e-14));
  CHECK(!law.is_pathwise());
  CHECK(law.is_atomic());
  CHECK(law.support().str() == "numbers in [1, 5]");
}

TEST_CASE("Empirical: the score of the weights is that of a Categorical") {
  const auto results = value_and_gradients({column({0.2, -0.1, 0.4})}, [](const std::vector<Var>& p) {
    return Empirical(column({1, 5, 1}), Categorical{p[0]}).log_prob(1.0);
  });
  const auto expected = value_and_gradients({column({0.2, -0.1, 0.4})}, [](const std::vector<Var>& p) {
    return logsumexp(log_softmax(p[0]) + column({0, -infinity, 0}));
  });
  for (Index i = 0; i < 3; ++i) CHECK(near(results[1].at(i), expected[1].at(i), 1e-14));
}

// A new seed fails in 1 of 10^6.
TEST_CASE("Empirical: draws of vectors are its points, as often as they should be") {
  for (DType dtype : {f64, f32}) {
    const Distribution law = Empirical(points.cast(dtype));
    CHECK(law.own_shape() == Shape{2});
    const Tensor z = law.sample(Key(1), {30000}).tensor();
    CHECK(z.type() == Type{dtype, {30000, 2}});
    Index counts[3] = {0, 0, 0};
    for (Index i = 0; i < 30000; ++i)
      for (Index k = 0; k < 3; ++k)
        if (z.at(2 * i) == points.at(2 * k) && z.at(2 * i + 1) == points.at(2 * k + 1)) ++counts[k];
    CHECK(counts[0] + counts[1] + counts[2] == 30000);
    for (Index count : counts) CHECK(std::abs(count - 10000) < 5 * 82);
    CHECK(law.log_prob(z).shape() == Shape{30000});
    CHECK(near(law.log_prob(points.rows(1, 2).cast(dtype)).tensor().at(0), -std::log(3.0L), 1e-6));
    CHECK(numbers(law.log_prob(Tensor({2}, {0., 3.}).cast(dtype))) == std::vector<double>{-infinity});
  }
}

TEST_CASE("Empirical: batches of values with one weight each") {
  const Distribution law = Empirical(points, Categorical{column({0, infinity * -1})}, 0);
  CHECK(law.batch_shape() == Shape{3});
  CHECK(numbers(law.sample(Key(1), {2, 3})) == std::vector<double>{0, 2, 0, 0, 2, 0});
}

TEST_CASE("Empirical: errors") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Empirical(column({1, 2, 3}), Categorical{column({0, 0})}, at);
        }) == "[Empirical] there are 3 values and 2 weights (at model.cpp:7)");
  CHECK(error_of([&] { Empirical(Tensor(1.0), at); }) ==
        "[Empirical] values f64[] have no axis of values before 0 own ones (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(Empirical(column({1, NAN}))).check(at);
        }) == "[Empirical] values is nan at [1] of f64[2], needs to be finite (at model.cpp:7)");
}

}  // namespace tapir::vi::test
