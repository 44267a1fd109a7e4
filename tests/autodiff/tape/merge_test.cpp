// Equal pure subexpressions are one node; what is equal is told bit by bit.
// SPDX-License-Identifier: BSD-3-Clause
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/transforms/custom.hpp>
#include <tapir/autodiff/transforms/scan.hpp>

using namespace tapir;

namespace {

struct Recorder {
  std::shared_ptr<Tape> tape = Tape::make();
  Var x = tape->input({f64, {4}}, "x");

  int size() const { return tape->size(); }
  int literal(const Tensor& value) const { return tape->literal(value).place()->ref.node; }
  int literal(double value) const { return literal(Tensor(value)); }
};

int node_of(const Var& value) { return value.place()->ref.node; }

double nan_of(std::uint64_t payload) {
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(std::numeric_limits<double>::quiet_NaN()) |
                               payload);
}

}  // namespace

TEST_CASE("merging: an equal subexpression costs once") {
  const Recorder r;
  const Var y = exp(r.x * 2.0) + exp(r.x * 2.0);
  CHECK(r.size() == 6);  // x, 2, its stretching, mul, exp, add
  CHECK(node_of(exp(r.x * 2.0) + exp(r.x * 2.0)) == node_of(y));
  CHECK(r.size() == 6);
}

TEST_CASE("merging: operands in another order, or other attributes, are another node") {
  const Recorder r;
  const Var y = exp(r.x);
  CHECK(node_of(r.x - y) != node_of(y - r.x));
  CHECK(node_of(sum(r.x)) != node_of(sum(r.x, {}, true)));
  CHECK(node_of(slice(r.x, 0, 0, 2)) != node_of(slice(r.x, 0, 1, 3)));
  CHECK(node_of(reshape(r.x, {2, 2})) != node_of(reshape(r.x, {1, 4})));
}

TEST_CASE("merging: literals by their bits: 0 and -0 differ, NaNs by their payload") {
  const Recorder r;
  CHECK(r.literal(0.0) == r.literal(0.0));
  CHECK(r.literal(0.0) != r.literal(-0.0));
  CHECK(r.literal(nan_of(1)) == r.literal(nan_of(1)));
  CHECK(r.literal(nan_of(1)) != r.literal(nan_of(2)));
  CHECK(r.literal(nan_of(0)) != r.literal(-nan_of(0)));
}

TEST_CASE("merging: literals of one value and another dtype or shape differ") {
  const Recorder r;
  CHECK(r.literal(Tensor(1.0)) != r.literal(Tensor(1.0).cast(f32)));
  CHECK(r.literal(Tensor(Index{0})) != r.literal(Tensor(0.0)));  // eight zero bytes both
  CHECK(r.literal(Tensor({2, 1}, {1.0, 2.0})) != r.literal(Tensor({1, 2}, {1.0, 2.0})));
}

// A large tensor's hash looks at some of its elements only: equality decides.
TEST_CASE("merging: captured tensors by their bits, wherever they lie") {
  const Recorder r;
  const Tensor a = Tensor::full({f64, {5000}}, 0.5);
  const Tensor b = Tensor::full({f64, {5000}}, 0.5);
  CHECK(a.data() != b.data());
  CHECK(r.literal(a) == r.literal(b));
  for (std::size_t i : {0, 1, 2500, 4999}) {
    Tensor c = a;
    c.mutable_view<double>()[i] = std::nextafter(0.5, 1.0);
    CHECK(r.literal(c) != r.literal(a));
  }
}

TEST_CASE("merging: a number in an expression is a literal of the dtype that it meets") {
  const auto tape = Tape::make();
  const Var x = tape->input({f32, {2}}), y = tape->input({f64, {2}});
  CHECK(node_of(x * 0.1) != node_of(y * 0.1));
  const Var ten = tape->literal(Tensor(0.1).cast(f32));
  CHECK(node_of(x * 0.1) == node_of(x * ten));
}

TEST_CASE("merging: inputs and placeholders stay apart, a cell is one leaf") {
  const auto tape = Tape::make();
  const Type type{f64, {2}};
  CHECK(node_of(tape->input(type)) != node_of(tape->input(type)));
  CHECK(node_of(tape->placeholder(type)) != node_of(tape->placeholder(type)));
  const auto a = std::make_shared<Cell>(Cell{"a", Tensor(1.0)});
  const auto b = std::make_shared<Cell>(Cell{"b", Tensor(1.0)});
  CHECK(node_of(tape->cell(a)) == node_of(tape->cell(a)));
  CHECK(node_of(tape->cell(a)) != node_of(tape->cell(b)));
}

TEST_CASE("merging: draws of one stream are one node, of another stream another") {
  const auto tape = Tape::make();
  const Key key(tape->input({i64, {2}}), f64);
  CHECK(node_of(normal(key / "z", {3})) == node_of(normal(key / "z", {3})));
  CHECK(node_of(normal(key / "z", {3})) != node_of(normal(key / "w", {3})));
  CHECK(node_of(normal(key / "z", {3})) != node_of(normal(key / "z", {4})));
  CHECK(node_of(normal(key / "z", {3})) != node_of(uniform(key / "z", {3})));
}

TEST_CASE("merging: equal loops are one node, a constant in the body tells them apart") {
  const Recorder r;
  const auto loop = [&](double factor) {
    return scan([factor](auto carry, auto, Var) { return ScanStep{{carry[0] * factor}}; }, {r.x}, {},
                {.length = 3})
        .carry[0];
  };
  const Var first = loop(0.5);
  const int size = r.size();
  CHECK(node_of(loop(0.5)) == node_of(first));
  CHECK(r.size() == size);
  CHECK(node_of(loop(0.25)) != node_of(first));
}

TEST_CASE("merging: the node keeps the line and the path that it got first") {
  const Recorder r;
  const int line = __LINE__ + 1;
  const Var y = exp(r.x);
  const Var again = composed(here(), "later", {r.x}, [&] { return exp(r.x); });
  CHECK(node_of(again) == node_of(y));
  CHECK(r.tape->node(node_of(y)).where.line == line);
  CHECK(r.tape->node(node_of(y)).path.empty());
}

TEST_CASE("merging: a user's operation is one node for equal operands, another one for another operation") {
  const CustomRules rules{.name = "copy",
                          .shape = [](auto operands) { return std::vector<Type>{operands[0]}; },
                          .forward = [](auto, auto) {}};
  const Custom first(rules), second(rules);
  const Recorder r;
  CHECK(node_of(first(r.x)) == node_of(first(r.x)));
  CHECK(node_of(first(r.x)) != node_of(second(r.x)));
}

TEST_CASE("a node of several results: each is a value of its own, the node is one") {
  const Recorder r;
  const auto two = scan(
      [](auto carry, auto, Var i) {
        return ScanStep{{carry[0]}, {i}};
      },
      {r.x}, {}, {.length = 3});
  CHECK(node_of(two.carry[0]) == node_of(two.outputs[0]));
  CHECK(two.carry[0].place()->ref.result == 0);
  CHECK(two.outputs[0].place()->ref.result == 1);
  CHECK(two.carry[0].type() == Type{f64, {4}});
  CHECK(two.outputs[0].type() == Type{i64, {3}});
}

TEST_CASE("merging: readers of two results of one node differ") {
  const Recorder r;
  const auto two = scan(
      [](auto carry, auto, Var) {
        return ScanStep{{carry[0], carry[1]}};
      },
      {r.x, r.x}, {}, {.length = 3});
  CHECK(node_of(two.carry[0]) == node_of(two.carry[1]));
  CHECK(node_of(exp(two.carry[0])) != node_of(exp(two.carry[1])));
  CHECK(node_of(exp(two.carry[1])) == node_of(exp(two.carry[1])));
}
