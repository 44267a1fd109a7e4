// Whose line it is: frames, composed functions, code that the library calls back, derivative rules.
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/transforms/grad.hpp>
#include <tapir/autodiff/transforms/scan.hpp>

#include "support/errors.hpp"

using namespace tapir;
using tapir::test::at_line;
using tapir::test::text_of_error;

namespace {

// A layer as the library writes one: its own lines are never told.
Var layer(const Var& x, const Var& w, Where where = here()) {
  return composed(where, "layer", {x, w}, [&] { return relu(matmul(x, w)); });
}

Var net(const Var& x, const Var& w, Where where = here()) {
  return composed(where, "net", {x, w}, [&] { return layer(layer(x, w), w); });
}

// Library code that runs code of the user's.
Var twice(const std::function<Var(Var)>& f, const Var& x, Where where = here()) {
  return composed(where, "twice", {x}, [&] {
    const Var once = [&] {
      Frame frame(x.place()->tape, Frame::User{}, "f");
      return f(x);
    }();
    return once + once;
  });
}

const Node& node_of(const Var& value) { return value.place()->tape->node(value.place()->ref.node); }

struct Recorder {
  std::shared_ptr<Tape> tape = Tape::make();
  Var x = tape->input({f64, {3, 4}}, "x");
  Var w = tape->input({f64, {4, 4}}, "w");
  Var bad = tape->input({f64, {5, 6}}, "bad");
};

}  // namespace

TEST_CASE("an operation carries the line of its call") {
  const Recorder r;
  const int line = __LINE__ + 1;
  const Var y = exp(r.x);
  CHECK(node_of(y).where == Where{__FILE__, line});
  CHECK(node_of(y).path.empty());
}

TEST_CASE("an operator carries the line of its expression") {
  const Recorder r;
  const int line = __LINE__ + 1;
  const Var y = r.x * 2.0 + r.x;
  CHECK(node_of(y).where.line == line);
  for (int i = 3; i < r.tape->size(); ++i) CHECK(r.tape->node(i).where.line == line);
}

TEST_CASE("what a composed function records carries the outermost caller's line, and the path inwards") {
  const Recorder r;
  const int line = __LINE__ + 1;
  const Var y = net(r.x, r.w);
  CHECK(node_of(y).path == "net/layer");
  for (int i = 3; i < r.tape->size(); ++i) CHECK(r.tape->node(i).where == Where{__FILE__, line});
}

TEST_CASE("an error in a composed function tells the caller's line, recorded or on plain values") {
  const Recorder r;
  const std::string text = "[matmul] inner dimensions differ: a is f64[3,4], b is f64[5,6]";
  const Tensor x({f64, {3, 4}}), bad({f64, {5, 6}});
  int line = __LINE__ + 1;
  CHECK(text_of_error([&] { net(r.x, r.bad); }) == text + at_line(line));
  line = __LINE__ + 1;
  CHECK(text_of_error([&] { net(x, bad); }) == text + at_line(line));
}

TEST_CASE("an error closes what was open: the next node has no path") {
  const Recorder r;
  CHECK_THROWS_AS(net(r.x, r.bad), Error);
  const int line = __LINE__ + 1;
  const Var y = sin(r.x);
  CHECK(node_of(y).path.empty());
  CHECK(node_of(y).where.line == line);
}

TEST_CASE("in code that the library calls back, lines are the user's again, and the path goes on") {
  const Recorder r;
  int inside = 0;
  const auto f = [&](const Var& x) {
    inside = __LINE__ + 1;
    return exp(x);
  };
  const int line = __LINE__ + 1;
  const Var y = twice(f, r.x);
  CHECK(node_of(y).where.line == line);
  CHECK(node_of(y).path == "twice");
  const Node& called = r.tape->node(y.place()->ref.node - 1);
  CHECK(called.where.line == inside);
  CHECK(called.path == "twice/f");
}

TEST_CASE("a composed function that the user's code calls inside tells the user's line there") {
  const Recorder r;
  int inside = 0;
  const auto f = [&](const Var& x) {
    inside = __LINE__ + 1;
    return layer(x, r.w);
  };
  const Var y = twice(f, r.x);
  const Node& called = r.tape->node(y.place()->ref.node - 1);
  CHECK(called.where.line == inside);
  CHECK(called.path == "twice/f/layer");
}

TEST_CASE("derivative rules inherit line and path of the node that they differentiate") {
  const Recorder r;
  const int line = __LINE__ + 1;
  const Var y = sum(net(r.x, r.w));
  const int before = r.tape->size();
  composed(here(), "train", {y}, [&] { return grad(y, r.w); });
  int of_the_net = 0;
  for (int i = before; i < r.tape->size(); ++i) {
    if (r.tape->node(i).op->kind() == Kind::leaf) continue;
    CHECK(r.tape->node(i).where.line == line);
    of_the_net += r.tape->node(i).path == "net/layer";
  }
  CHECK(of_the_net >= 4);  // two selections and three products, some shared
}

TEST_CASE("in a body, lines and paths are those of the code inside") {
  const Recorder r;
  int inside = 0;
  const Var y = scan(
                    [&](auto carry, auto, Var) {
                      inside = __LINE__ + 1;
                      return ScanStep{{layer(carry[0], r.w)}};
                    },
                    {r.x}, {}, {.length = 2})
                    .carry[0];
  const auto& body = *node_of(y).attrs.get<std::shared_ptr<const Body>>("body");
  const Node& last = body.tape->node(body.tape->size() - 1);
  CHECK(last.where.line == inside);
  CHECK(last.path == "layer");
}

TEST_CASE("clamp, a composition of two operations, is one name in paths") {
  const Recorder r;
  const int line = __LINE__ + 1;
  const Var y = clamp(r.x, 0.0, 1.0);
  CHECK(node_of(y).path == "clamp");
  CHECK(node_of(y).where.line == line);
  const int wrong = __LINE__ + 1;
  const auto text = text_of_error([&] { clamp(r.x, Tensor({2}, {0.0, 0.0}), 1.0); });
  CHECK(text == "[maximum] shapes do not broadcast: f64[3,4] and f64[2]" + at_line(wrong));
}
