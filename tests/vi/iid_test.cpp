// iid: own axes for any law.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/distributions.hpp>

#include <doctest/doctest.h>

#include <tapir/vi/distribution.hpp>

#include "recorded_run.hpp"

namespace tapir::vi::test {

TEST_CASE("iid: a density is the sum over its axes, whose terms are the law's") {
  const Normal normal{.loc = column({1, -2}), .scale = 0.5};
  const Tensor x({2, 3}, {1.0, 2.0, 0.5, -1.0, 0.0, 3.0});
  const Var y = iid(normal, {3}).log_prob(x);
  REQUIRE(y.shape() == Shape{2});
  for (Index i = 0; i < 2; ++i) {
    double expected = 0;
    for (Index k = 0; k < 3; ++k)
      expected += Normal{normal.loc.tensor().at(i), 0.5}.log_prob(x.at(3 * i + k)).item();
    CHECK(y.tensor().at(i) == doctest::Approx(expected).epsilon(1e-14));
  }
}

TEST_CASE("iid: a draw has the plates first, then the axes of iid, and the elements are the law's") {
  const Distribution law = iid(Normal{.loc = column({10, -10}), .scale = 0.1}, {3, 4});
  CHECK(law.own_shape() == Shape{3, 4});
  CHECK(law.own_rank() == 2);
  CHECK(law.batch_shape() == Shape{2});
  CHECK(law.name() == "Normal");
  CHECK(law.is_pathwise());
  const Tensor x = law.sample(Key(1), {2}).tensor();
  REQUIRE(x.shape() == Shape{2, 3, 4});
  for (Index i = 0; i < 24; ++i) CHECK(std::abs(x.at(i) - (i < 12 ? 10 : -10)) < 1);
}

TEST_CASE("iid: mean and variance have its axes, the entropy is their number times the law's") {
  const Distribution law = iid(Normal{.loc = column({1, 2}), .scale = 3}, {4});
  CHECK(numbers(*law.mean()) == std::vector<double>{1, 1, 1, 1, 2, 2, 2, 2});
  CHECK(numbers(*law.variance()) == std::vector<double>(8, 9));
  CHECK(law.entropy()->shape() == Shape{2});
  CHECK(law.entropy()->tensor().at(0) == doctest::Approx(4 * Normal{1, 3}.entropy().item()).epsilon(1e-15));
  CHECK(!Distribution(iid(Categorical{.logits = column({0, 1})}, {4})).mean());
  CHECK(!Distribution(iid(Bernoulli{}, {4})).enumerate());
}

TEST_CASE("iid: of a law that has moments for some parameters only") {
  const Categorical weights{column({0, 0})};
  const Distribution law = iid(Mixture(weights, Normal{column({1, 2}), 3}), {4});
  CHECK(numbers(*law.mean()) == std::vector<double>(4, 1.5));
  CHECK(numbers(*law.variance()) == std::vector<double>(4, 9.25));
  CHECK(!Distribution(iid(Mixture(weights, VonMises{column({1, 2}), 3}), {4})).mean());
}

TEST_CASE("iid: a category is consumed before its axes come off") {
  const Distribution law = iid(Categorical{.logits = Tensor({2, 3}, {0.0, 1.0, 2.0, 5.0, 0.0, 0.0})}, {4});
  CHECK(law.batch_shape() == Shape{2});
  const Var x = law.sample(Key(1), {2});
  CHECK(x.type() == Type{i64, {2, 4}});
  CHECK(law.log_prob(x).shape() == Shape{2});
}

TEST_CASE("iid: of iid, and of no axes") {
  const Distribution twice = iid(iid(Normal{}, {3}), {2});
  CHECK(twice.own_shape() == Shape{2, 3});
  CHECK(twice.log_prob(Tensor(Type{f64, {5, 2, 3}})).shape() == Shape{5});
  CHECK(twice.per_element().axes == Shape{2, 3});
  CHECK(twice.per_element().law.as<Normal>() != nullptr);
  CHECK(iid(Normal{}, {}).log_prob(column({0, 0})).shape() == Shape{2});
}

TEST_CASE("iid: errors name the types and the line") {
  const std::string file = "iid_test.cpp";
  CHECK(error_of([&] { iid(Normal{}, {20}).log_prob(Tensor(Type{f64, {7, 19}})); }) ==
        "[iid] x is f64[7,19]; its last axes have to be [20]" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { iid(Normal{}, {2, 3}).log_prob(Tensor(Type{f64, {3}})); }) ==
        "[iid] x is f64[3]; its last axes have to be [2,3]" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { Distribution(iid(Normal{0, -2}, {3})).check(); }) ==
        "[Normal] scale is -2, needs to be positive" + line(__LINE__ - 1, file));
}

}  // namespace tapir::vi::test
