// OneHotCategorical: Categorical, as vectors; its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/one_hot_categorical.hpp>

#include <doctest/doctest.h>

#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/categorical.hpp>
#include <tapir/vi/kl.hpp>

#include "law_suite.hpp"
#include "recorded_run.hpp"
#include "shown_law.hpp"

namespace tapir::vi::test {
namespace {

const Shown shown{{.make = [](const std::vector<Var>& p) { return OneHotCategorical{.logits = p[0]}; },
                    .parameters = {column({0.3, -1, 0.5})}}};

constexpr double infinity = std::numeric_limits<double>::infinity();

const Tensor logits({2, 3}, {0.1, -0.7, 1.1, 2.0, -infinity, 0.5});

}  // namespace

TEST_CASE("OneHotCategorical: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          OneHotCategorical::probs({column({-0.5, 1, 0.5}), at});
        }) == "[OneHotCategorical] probs is -0.5 at [0] of f64[3], needs to lie in [0, 1] (at model.cpp:7)");
  CHECK(error_of([&] {
          OneHotCategorical{logits}.log_prob({column({1, 0}), at});
        }) == "[OneHotCategorical] x is f64[2]; its last axis has to be of 3 (at model.cpp:7)");
  CHECK(error_of([&] { OneHotCategorical{Tensor(0.5)}.count(at); }) ==
        "[OneHotCategorical] logits f64[] has no axis to consume; a value needs 1 (at model.cpp:7)");
}

TEST_CASE("OneHotCategorical: draws, densities, entropy and kl are those of Categorical") {
  for (DType dtype : {f64, f32}) {
    const Var l = logits.cast(dtype);
    const Distribution vectors = OneHotCategorical{l}, indices = Categorical{l};
    CHECK(vectors.own_shape() == Shape{3});
    CHECK(vectors.batch_shape() == Shape{2});
    const Var x = vectors.sample(Key(1), {50, 2}), i = indices.sample(Key(1), {50, 2});
    CHECK(x.type() == Type{dtype, {50, 2, 3}});
    CHECK(identical(x.tensor(), one_hot(i, 3, dtype).tensor()));
    CHECK(identical(vectors.log_prob(x).tensor(), indices.log_prob(i).tensor()));
    CHECK(identical(vectors.entropy()->tensor(), indices.entropy()->tensor()));
    const Distribution flat = OneHotCategorical{Tensor({3}, {0.0, 0.0, 0.0}).cast(dtype)};
    const Distribution flat_index = Categorical{Tensor({3}, {0.0, 0.0, 0.0}).cast(dtype)};
    CHECK(identical(kl(vectors, flat)->tensor(), kl(indices, flat_index)->tensor()));
    CHECK(kl(flat, vectors)->tensor().at(1) == infinity);
  }
}

TEST_CASE("OneHotCategorical: what is no unit vector is outside, and leaves no NaN in a gradient") {
  const Tensor x({7, 3}, {1.0,  1.0, 0.0, 0.0, 0.0,
                          0.0,  0.5, 0.5, 0.0, 2.0,
                          -1.0, 0.0, 1.0, 0.0, std::numeric_limits<double>::quiet_NaN(),
                          -1.0, 0.0, 0.0, 0.0, infinity,
                          0.0});
  const auto results = value_and_gradients(
      {column({0.3, 1, -2})}, [&](const std::vector<Var>& v) { return OneHotCategorical{v[0]}.log_prob(x); });
  for (double y : numbers(OneHotCategorical{column({0.3, 1, -2})}.log_prob(x))) CHECK(y == -infinity);
  CHECK(numbers(results[1]) == std::vector<double>{0, 0, 0});
}

TEST_CASE("OneHotCategorical: enumerate, mean and variance") {
  const Distribution law = OneHotCategorical::probs(column({0.2, 0.3, 0.5}));
  CHECK(numbers(*law.enumerate()) == std::vector<double>{1, 0, 0, 0, 1, 0, 0, 0, 1});
  const auto p = numbers(law.log_prob(*law.enumerate()));
  const auto mean = numbers(*law.mean()), variance = numbers(*law.variance());
  const double expected[] = {0.2, 0.3, 0.5};
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(std::exp(p[i]) == doctest::Approx(expected[i]).epsilon(1e-14));
    CHECK(mean[i] == doctest::Approx(expected[i]).epsilon(1e-14));
    CHECK(variance[i] == doctest::Approx(expected[i] * (1 - expected[i])).epsilon(1e-14));
  }
  CHECK(law.support().is_discrete());
}

TEST_CASE("OneHotCategorical: the gradient of log_prob by the logits is x - softmax(logits)") {
  const auto results = value_and_gradients({column({0.5, -1, 2})}, [](const std::vector<Var>& v) {
    return OneHotCategorical{v[0]}.log_prob(column({0, 0, 1}));
  });
  const double total = std::exp(0.5) + std::exp(-1) + std::exp(2);
  CHECK(results[1].at(0) == doctest::Approx(-std::exp(0.5) / total).epsilon(1e-14));
  CHECK(results[1].at(2) == doctest::Approx(1 - std::exp(2) / total).epsilon(1e-14));
}

}  // namespace tapir::vi::test
