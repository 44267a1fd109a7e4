// OneHotCategorical: its row; Categorical, as vectors; its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/one_hot_categorical.hpp>

#include <doctest/doctest.h>

#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/categorical.hpp>
#include <tapir/vi/kl.hpp>

#include "matrices.hpp"
#include "recorded_run.hpp"
#include "vector_suite.hpp"

namespace tapir::vi::test {
namespace {

long double log_density(const Parameters& p, const Point& x) {
  long double largest = -INFINITY, total = 0, chosen = 0;
  for (Index i = 0; i < p[0].size(); ++i) largest = std::max<long double>(largest, p[0].at(i));
  for (Index i = 0; i < p[0].size(); ++i) {
    total += std::exp(p[0].at(i) - largest);
    if (x[static_cast<std::size_t>(i)] == 1) chosen = p[0].at(i);
  }
  return chosen - largest - std::log(total);
}

std::vector<Point> unit_vectors(const Parameters& p) {
  const auto n = static_cast<std::size_t>(p[0].size());
  std::vector<Point> points(n, Point(n));
  for (std::size_t i = 0; i < n; ++i) points[i][i] = 1;
  return points;
}

const ListedVector row{
    {.name = "OneHotCategorical",
     .make = [](const std::vector<Var>& p) { return OneHotCategorical{.logits = p[0]}; },
     .cases = {{column({0.3, -1, 0.5})}, {column({2, 0})}, {column({40, 0, -40})}, {column({1, 1, 1})}},
     .extremes = {{column({-700, 0, 700})}},
     .log_prob = log_density,
     .points = unit_vectors,
     .outside = {{1, 1, 0}, {0, 0, 0}, {0.5, 0.5, 0}, {2, -1, 0}, {1, 0, NAN}, {0, 0, INFINITY}},
     .random = [](std::mt19937_64& noise) { return Parameters{random_vector(3, noise)}; }}};

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

}  // namespace tapir::vi::test
