// Operations that choose by index: values against plain loops, and what becomes of an index out of range.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/program.hpp>
#include <tapir/autodiff/ops/structure.hpp>

using namespace tapir;

namespace {

Tensor distinct(const Shape& shape) {
  Tensor values({f64, shape});
  double next = 0.5;
  for (double& x : values.mutable_view<double>()) x = next++;
  return values;
}

Tensor indices(const Shape& shape, std::initializer_list<Index> values) { return {shape, values}; }

std::vector<double> elements(const Var& x) {
  const Tensor tensor = x.tensor();
  std::vector<double> values;
  for (Index i = 0; i < tensor.size(); ++i) values.push_back(tensor.at(i));
  return values;
}

std::string told(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    CHECK(error.where().str().starts_with("structure_index_test.cpp:"));
    return "[" + error.op() + "] " + error.message();
  }
  return "nothing";
}

// `f` of a recorded table and recorded indices, run on values.
Tensor replay(const std::function<Var(Var, Var)>& f, const Tensor& table, const Tensor& at) {
  const auto tape = Tape::make();
  const Var x = tape->input(table.type());
  const Var result = f(x, tape->input(at.type()));
  Program program(tape, {result.place()->ref});
  const std::vector<Tensor> inputs{table, at};
  program.run(inputs);
  return program.outputs()[0];
}

}  // namespace

TEST_CASE("take: rows, along any axis, with indices of any rank") {
  const Tensor x = distinct({2, 4, 3});
  const Tensor at = indices({2, 2}, {3, 0, 1, 3});
  for (int axis = 0; axis < 3; ++axis) {
    const Tensor where = axis == 1 ? at : indices({2, 2}, {1, 0, 1, 1});
    const Tensor got = take(x, where, axis).tensor();
    const Shape& s = x.shape();
    REQUIRE(got.shape() == s.take_front(axis) + Shape{2, 2} + s.drop_front(axis + 1));
    const Index before = s.take_front(axis).size(), inner = s.drop_front(axis + 1).size();
    for (Index p = 0; p < before; ++p)
      for (Index j = 0; j < 4; ++j)
        for (Index i = 0; i < inner; ++i) {
          const auto row = static_cast<Index>(where.at(j));
          CHECK(got.at((p * 4 + j) * inner + i) == x.at((p * s[axis] + row) * inner + i));
        }
  }
}

TEST_CASE("take: a bare number is an index and removes the axis") {
  const Tensor x = distinct({4, 3});
  const Var row = take(x, 2);
  CHECK(row.shape() == Shape{3});
  CHECK(elements(row) == std::vector<double>{6.5, 7.5, 8.5});
  CHECK(elements(take(x, -1 + 1, 1)) == std::vector<double>{0.5, 3.5, 6.5, 9.5});
}

TEST_CASE("take: a table of bare numbers stays open") {
  const Var table = stack({0.25, 0.75});
  const Var row = take(table, indices({3}, {1, 1, 0}));
  CHECK(row.is_open());
  CHECK(elements(row) == std::vector<double>{0.75, 0.75, 0.25});
  const auto tape = Tape::make();
  const Var at = tape->input({i64, {3}});
  CHECK(told([&] { take(table, at); }) == "[take] the operand is made of bare numbers, which have no dtype "
                                          "yet; make it a tensor of the dtype that is "
                                          "meant");
}

TEST_CASE("take: an index out of range is an error where it is known") {
  const Tensor x = distinct({4, 3});
  CHECK(told([&] {
          take(x, indices({2}, {1, 7}));
        }) == "[take] index 7 is out of range for size 4, axis 0 of f64[4,3]");
  CHECK(told([&] { take(x, -1); }) == "[take] index -1 is out of range for size 4, axis 0 of f64[4,3]");
  CHECK(told([&] { take(x, 0.5); }) == "[take] the index 0.5 is not whole");
  CHECK(told([&] {
          take(x, Tensor({2}, {0.0F, 1.0F}));
        }) == "[take] indices are f32[2]; they have to be i64");
  CHECK(told([&] { take(x, 0, 2); }) == "[take] axis 2 is out of range for f64[4,3]");
  const auto tape = Tape::make();
  const Var recorded = tape->input(x.type());
  CHECK(told([&] { take(recorded, 4); }) == "[take] index 4 is out of range for size 4, axis 0 of f64[4,3]");
}

TEST_CASE("take: an index that turns out of range when replayed gives NaN, in its row only") {
  const auto f = [](Var x, Var at) { return take(x, at); };
  const Tensor got = replay(f, distinct({4, 2}), indices({3}, {1, 4, 0}));
  CHECK(got.at(0) == 2.5);
  CHECK(std::isnan(got.at(2)));
  CHECK(std::isnan(got.at(3)));
  CHECK(got.at(4) == 0.5);
  CHECK(std::isnan(replay(f, distinct({4, 2}), indices({1}, {-1})).at(0)));
  CHECK(replay(f, indices({2}, {5, 6}), indices({1}, {2})).at(0) == -1);
}

TEST_CASE("gather: one element per index along an axis") {
  const Tensor x = distinct({2, 4, 3});
  const Tensor last = indices({2, 4, 2}, {0, 1, 2, 0, 1, 1, 0, 2, 2, 2, 1, 0, 0, 1, 2, 1});
  const Tensor along_last = gather(x, last).tensor();
  for (Index row = 0; row < 8; ++row)
    for (Index j = 0; j < 2; ++j)
      CHECK(along_last.at(row * 2 + j) == x.at(row * 3 + static_cast<Index>(last.at(row * 2 + j))));
  const Tensor middle = indices({2, 1, 3}, {3, 0, 1, 2, 2, 0});
  const Tensor along_middle = gather(x, middle, 1).tensor();
  for (Index b = 0; b < 2; ++b)
    for (Index i = 0; i < 3; ++i)
      CHECK(along_middle.at(b * 3 + i) == x.at((b * 4 + static_cast<Index>(middle.at(b * 3 + i))) * 3 + i));
}

TEST_CASE("gather: what it refuses") {
  const Tensor x({f32, {2, 4}});
  CHECK(told([&] {
          gather(x, indices({3, 1}, {0, 0, 0}));
        }) == "[gather] indices i64[3,1] do not fit f32[2,4]; they may differ along axis 1 only");
  CHECK(told([&] {
          gather(x, indices({2, 1}, {0, 4}));
        }) == "[gather] index 4 is out of range for size 4, axis 1 of f32[2,4]");
}

TEST_CASE("scatter_add: adds what meets, in the order of the indices") {
  const Tensor x = distinct({3, 2});
  const Tensor updates({4, 2}, {1.0, 2.0, 10.0, 20.0, 100.0, 200.0, 1000.0, 2000.0});
  CHECK(elements(scatter_add(x, indices({4}, {2, 0, 2, 2}), updates)) ==
        std::vector<double>{10.5, 21.5, 2.5, 3.5, 1105.5, 2207.5});
  CHECK(elements(scatter_add(x, indices({1}, {1}), Tensor({3, 1}, {1.0, 2.0, 3.0}), 1)) ==
        std::vector<double>{0.5, 2.5, 2.5, 5.5, 4.5, 8.5});
  const Tensor whole = indices({3}, {5, 6, 7});
  CHECK(elements(scatter_add(whole, indices({2}, {1, 1}), indices({2}, {1, 2}))) ==
        std::vector<double>{5, 9, 7});
  CHECK(elements(scatter_add(x, indices({}, {0}), stack({1.0, 2.0}))) ==
        std::vector<double>{1.5, 3.5, 2.5, 3.5, 4.5, 5.5});
}

TEST_CASE("scatter_add: what it refuses") {
  const Tensor x({f32, {5, 3}});
  CHECK(told([&] {
          scatter_add(x, indices({4}, {0, 1, 2, 3}), Tensor({f32, {2, 3}}));
        }) == "[scatter_add] updates are f32[2,3]; with indices [4] into [5,3] they have to be [4,3]");
  CHECK(told([&] {
          scatter_add(x, indices({1}, {5}), Tensor({f32, {1, 3}}));
        }) == "[scatter_add] index 5 is out of range for size 5, axis 0 of f32[5,3]");
}

TEST_CASE("scatter_add: an update that is lost when replayed shows as NaN") {
  const auto f = [](Var x, Var at) { return scatter_add(x, at, ones({f64, {2, 2}})); };
  CHECK(replay(f, distinct({3, 2}), indices({2}, {0, 2})).at(0) == 1.5);
  CHECK(std::isnan(replay(f, distinct({3, 2}), indices({2}, {0, 3})).at(0)));
}

TEST_CASE("one_hot: 1 at the index, in any dtype") {
  CHECK(elements(one_hot(indices({2}, {2, 0}), 3, f64)) == std::vector<double>{0, 0, 1, 1, 0, 0});
  CHECK(one_hot(indices({2, 1}, {2, 0}), 3, f32).type() == Type{f32, {2, 1, 3}});
  CHECK(elements(one_hot(1, 2, i64)) == std::vector<double>{0, 1});
  CHECK(told([] { one_hot(3, 3, f64); }) == "[one_hot] index 3 is out of range for size 3");
  CHECK(told([] { one_hot(0, 0, f64); }) == "[one_hot] the size is 0; it has to be positive");
  const auto f = [](Var, Var at) { return one_hot(at, 3, f32); };
  CHECK(std::isnan(replay(f, distinct({1}), indices({1}, {3})).at(0)));
}
