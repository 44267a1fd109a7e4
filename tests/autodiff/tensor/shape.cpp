// Shapes, axes, types.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/tensor/shape.hpp>

#include <vector>

#include <doctest/doctest.h>

using namespace tapir;

namespace {

constexpr Where model_line{"src/model.cpp", 41};

std::vector<Index> from_right(const Axes& axes, const Shape& shape) {
  return axes.from_right({f32, shape}, "sum", model_line);
}

}  // namespace

TEST_CASE("shape: sizes, rank, number of elements, text") {
  const Shape shape{2, 3, 4};
  CHECK(shape.rank() == 3);
  CHECK(shape.size() == 24);
  CHECK(shape[0] == 2);
  CHECK(shape[-1] == 4);
  CHECK(shape.back() == 4);
  CHECK(shape.str() == "[2,3,4]");
  CHECK(Shape{}.empty());
  CHECK(Shape{}.size() == 1);
  CHECK(Shape{}.str() == "[]");
  CHECK(Shape{3, 0}.size() == 0);
}

TEST_CASE("shape: equal means the same sizes in the same order") {
  CHECK(Shape{2, 3} == Shape{2, 3});
  CHECK(Shape{2, 3} != Shape{3, 2});
  CHECK(Shape{2} != Shape{2, 1});
  CHECK(Shape{} == Shape::ones(0));
}

TEST_CASE("shape: parts and sums") {
  const Shape shape{2, 3, 4};
  CHECK(shape.slice(1, 3) == Shape{3, 4});
  CHECK(shape.slice(-2, -1) == Shape{3});
  CHECK(shape.slice(2, 1) == Shape{});
  CHECK(shape.drop_front(1) == Shape{3, 4});
  CHECK(shape.drop_front(5) == Shape{});
  CHECK(shape.take_front(2) == Shape{2, 3});
  CHECK(shape.without(1) == Shape{2, 4});
  CHECK(shape.without(-1) == Shape{2, 3});
  CHECK(shape.inserted(0, 7) == Shape{7, 2, 3, 4});
  CHECK(shape.inserted(-1, 7) == Shape{2, 3, 4, 7});
  CHECK(Shape{2} + Shape{} + Shape{3, 4} == shape);
  CHECK(Shape::ones(2) == Shape{1, 1});
}

TEST_CASE("shape: row-major strides count elements") {
  const auto strides = Shape{2, 3, 4}.strides();
  CHECK(strides[0] == 12);
  CHECK(strides[1] == 4);
  CHECK(strides[2] == 1);
}

TEST_CASE("shape: misuse is an error that names the shape") {
  CHECK_THROWS_WITH_AS((Shape{2, 3}[2]), "[shape] axis 2 is out of range for [2,3]", Error);
  CHECK_THROWS_WITH_AS((Shape{2, 3}.without(-3)), "[shape] axis -3 is out of range for [2,3]", Error);
  CHECK_THROWS_WITH_AS((Shape{2, -3}), "[shape] the size of an axis is negative: -3", Error);
  Shape shape = Shape::ones(Shape::max_rank);
  CHECK_THROWS_WITH_AS(shape.append(5), "[shape] more than 12 axes: [1,1,1,1,1,1,1,1,1,1,1,1] and one more",
                       Error);
  CHECK_THROWS_WITH_AS(Shape({2, 3}).set(2, 5), "[shape] axis 2 is out of range for [2,3]", Error);
  CHECK_THROWS_WITH_AS(Axes(std::vector<int>(Shape::max_rank + 1, 0)), "[axes] more axes than a tensor can have", Error);
}

TEST_CASE("shape: a number of elements that cannot be counted is an error") {
  constexpr Index huge = Index{1} << 40;
  CHECK_THROWS_WITH_AS((Shape{huge, huge}.size()),
                       "[shape] [1099511627776,1099511627776] has more elements than memory can hold", Error);
  CHECK(Shape{huge, huge, 0}.size() == 0);
  CHECK(Shape{0, huge, huge}.size() == 0);
  CHECK(Shape{huge, huge, 0}.strides()[2] == 1);
}

TEST_CASE("type: text, bytes, equality") {
  const Type type{f32, {3, 4}};
  CHECK(type.str() == "f32[3,4]");
  CHECK(type.bytes() == 48);
  CHECK(Type{i64, {3}}.bytes() == 24);
  CHECK(type != Type{f64, {3, 4}});
  CHECK(type != Type{f32, {4, 3}});
}

TEST_CASE("axes: one, several, all or none, as distances from the right in ascending order") {
  CHECK(from_right(Axes(), {2, 3}) == std::vector<Index>{-2, -1});
  CHECK(from_right(Axes::all(), {}) == std::vector<Index>{});
  CHECK(from_right(Axes::none(), {2, 3}) == std::vector<Index>{});
  CHECK(from_right(0, {2, 3}) == std::vector<Index>{-2});
  CHECK(from_right(-1, {2, 3}) == std::vector<Index>{-1});
  CHECK(from_right({2, 0}, {2, 3, 4}) == std::vector<Index>{-3, -1});
  CHECK(Axes().is_all());
  CHECK_FALSE(Axes(1).is_all());
}

TEST_CASE("axes: out of range or named twice is an error of the operation, with the caller's line") {
  CHECK_THROWS_WITH_AS(from_right(2, {2, 3}), "[sum] axis 2 is out of range for f32[2,3] (at model.cpp:41)",
                       Error);
  CHECK_THROWS_WITH_AS(from_right(-3, {2, 3}), "[sum] axis -3 is out of range for f32[2,3] (at model.cpp:41)",
                       Error);
  CHECK_THROWS_WITH_AS(from_right({1, -1}, {2, 3}),
                       "[sum] axis 1 of f32[2,3] is named twice (at model.cpp:41)", Error);
  CHECK_THROWS_WITH_AS(from_right(0, {}), "[sum] axis 0 is out of range for f32[] (at model.cpp:41)", Error);
}

TEST_CASE("normalize_axis: negative axes count from the right") {
  CHECK(normalize_axis(-1, {f32, {2, 3}}, "softmax", model_line) == 1);
  CHECK(normalize_axis(0, {f32, {2, 3}}, "softmax", model_line) == 0);
  CHECK_THROWS_WITH_AS(normalize_axis(2, {f32, {2, 3}}, "softmax", model_line),
                       "[softmax] axis 2 is out of range for f32[2,3] (at model.cpp:41)", Error);
}

TEST_CASE("broadcast_shapes: sizes are compared from the right; 1 stretches, 0 too") {
  struct Row {
    Shape a, b, expected;
  };
  const std::vector<Row> rows{
      {{2, 3}, {2, 3}, {2, 3}}, {{2, 3}, {3}, {2, 3}}, {{2, 1}, {1, 3}, {2, 3}},
      {{}, {2, 3}, {2, 3}},     {{}, {}, {}},          {{5, 1, 7}, {6, 1}, {5, 6, 7}},
      {{0, 3}, {1, 3}, {0, 3}}, {{1}, {0}, {0}},
  };
  for (const auto& [a, b, expected] : rows) {
    Shape out;
    CHECK(broadcast_shapes(a, b, out));
    CHECK(out == expected);
    CHECK(broadcast_shapes(b, a, out));
    CHECK(out == expected);
  }
}

TEST_CASE("broadcast_shapes: shapes that do not fit leave the result alone") {
  Shape out{9};
  CHECK_FALSE(broadcast_shapes({3, 4}, {5, 6}, out));
  CHECK_FALSE(broadcast_shapes({2}, {3}, out));
  CHECK_FALSE(broadcast_shapes({0}, {3}, out));
  CHECK(out == Shape{9});
}
