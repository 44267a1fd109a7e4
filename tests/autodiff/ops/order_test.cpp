// argmax, sort and top_k: ties, NaN, derivatives.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <random>

#include <doctest/doctest.h>

#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>

#include "derivative_rule.hpp"

namespace tapir::test {
namespace {

Tensor random_tensor(const Shape& shape) {
  std::mt19937 generator(23);
  std::uniform_int_distribution<int> few(0, 9);  // many ties
  Tensor result(Type{f64, shape});
  for (double& x : result.mutable_view<double>()) x = few(generator);
  return result;
}

}  // namespace

TEST_CASE("argmax is the first of the largest, and the first NaN if there is one") {
  const Tensor x({3, 4},
                 {1.0, 7.0, 7.0, 2.0, 5.0, nan, 9.0, nan, -infinity, -infinity, -infinity, -infinity});
  CHECK(numbers(argmax(x)) == std::vector<double>{1, 1, 0});
  CHECK(numbers(argmax(x, 0)) == std::vector<double>{1, 1, 1, 1});
  CHECK(argmax(x).type() == Type{i64, {3}});
  CHECK(numbers(argmax(Tensor({3}, {Index{4}, Index{9}, Index{9}}))) == std::vector<double>{1});
}

TEST_CASE("sort agrees with std::sort along any axis, for every dtype") {
  for (DType dtype : {f32, f64, i64})
    for (int axis : {0, 1, 2}) {
      const Tensor x = random_tensor({4, 30, 5}).cast(dtype);
      const Tensor y = sort(x, axis).tensor();
      CHECK(y.type() == x.type());
      const auto strides = x.shape().strides();
      const Index stride = strides[static_cast<std::size_t>(axis)];
      const Index n = x.shape()[axis];
      for (Index first = 0; first < x.size(); ++first) {
        if (first / stride % n != 0) continue;
        std::vector<double> expected;
        std::vector<double> actual;
        for (Index i = 0; i < n; ++i) {
          expected.push_back(x.at(first + i * stride));
          actual.push_back(y.at(first + i * stride));
        }
        std::sort(expected.begin(), expected.end());
        CHECK(actual == expected);
      }
    }
}

TEST_CASE("sort puts NaN last") {
  check_close(sort(column({nan, 1, -infinity, nan, infinity})), {-infinity, 1, infinity, nan, nan});
}

TEST_CASE("equal elements keep their order") {
  const Attrs attrs{{"axis", Index{-1}}};
  CHECK(numbers(compute(row_of("argsort"), std::vector{column({2, 1, 2, 1})}, attrs)[0]) ==
        std::vector<double>{1, 3, 0, 2});
  CHECK(numbers(top_k(column({2, 5, 2, 5, 2}), 4).indices) == std::vector<double>{1, 3, 0, 2});
}

TEST_CASE("top_k is the end of sort, backwards, with NaN first") {
  const Tensor x = random_tensor({6, 40});
  const Tensor sorted = sort(x).tensor();
  const TopK best = top_k(x, 7);
  CHECK(best.values.type() == Type{f64, {6, 7}});
  CHECK(best.indices.type() == Type{i64, {6, 7}});
  for (Index row = 0; row < 6; ++row)
    for (Index i = 0; i < 7; ++i) {
      CHECK(best.values.tensor().at(row * 7 + i) == sorted.at(row * 40 + 39 - i));
      const auto from = static_cast<Index>(best.indices.tensor().at(row * 7 + i));
      CHECK(x.at(row * 40 + from) == best.values.tensor().at(row * 7 + i));
    }
  check_close(top_k(column({1, nan, 3}), 2).values, {nan, 3});
  CHECK(top_k(x, 0).values.shape() == Shape{6, 0});
  CHECK(numbers(top_k(Tensor({3, 1}, {1.0, 3.0, 2.0}), 2, 0).indices) == std::vector<double>{1, 2});
}

TEST_CASE("order errors name the operation, the type and the file") {
  const Var x = Tensor(Type{f32, {3}});
  CHECK(error_of([&] {
          argmax(Tensor(Type{f32, {3, 0}}));
        }) == "[argmax] axis 1 of f32[3,0] is empty; argmax needs an element (at order_test.cpp)");
  CHECK(error_of([&] { argmax(x, 1); }) == "[argmax] axis 1 is out of range for f32[3] (at order_test.cpp)");
  CHECK(error_of([&] { sort(x, -2); }) == "[sort] axis -2 is out of range for f32[3] (at order_test.cpp)");
  CHECK(error_of([&] { top_k(x, 5); }) ==
        "[top_k] k is 5, but axis 0 of f32[3] has 3 elements (at order_test.cpp)");
}

}  // namespace tapir::test
