// Golden text of small tapes: nodes, types, attributes, paths, lines, guards, stores.
// SPDX-License-Identifier: BSD-3-Clause
#include <string>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/learn/params.hpp>
#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/transforms/custom.hpp>
#include <tapir/autodiff/transforms/scan.hpp>

#include "support/tape_text.hpp"

using namespace tapir;
using tapir::test::golden;

namespace {

std::string last_line(const Tape& tape) { return tape.str(tape.size() - 1); }

}  // namespace

TEST_CASE("printing: number, operation, types, operands, attributes, one node to a line") {
  const auto tape = Tape::make();
  const Var x = tape->input({f32, {2, 3}}, "x");
  sum(exp(x) * 0.5, {1});
  CHECK(golden(*tape) == "%0 = input f32[2,3] \"x\"\n"
                         "%1 = exp f32[2,3] %0\n"
                         "%2 = literal f32[] {value=f32[] {0.5}}\n"
                         "%3 = broadcast_to f32[2,3] %2 {shape=[2,3]}\n"
                         "%4 = mul f32[2,3] %1 %3\n"
                         "%5 = sum f32[2] %4 {axes=-1 keep_dims=0}\n");
}

TEST_CASE("printing: the user's line and the path of what was open") {
  const auto tape = Tape::make();
  const Var x = tape->input({f64, {}}, "x");
  const Where user{"model/vae.cpp", 31};
  composed(user, "decode", {x}, [&] { return composed(here(), "0", {x}, [&] { return exp(x); }); });
  CHECK(last_line(*tape) == "%1 = exp f64[] %0   # decode/0 vae.cpp:31");
  sin(Arg(x, user));
  CHECK(last_line(*tape) == "%2 = sin f64[] %0   # vae.cpp:31");
  sin(Arg(exp(x), Where{}));
  CHECK(last_line(*tape) == "%3 = sin f64[] %1");
}

TEST_CASE("printing: several results have a type each, and are read by number") {
  const auto tape = Tape::make();
  const Var x = tape->input({f64, {2}}, "x");
  const auto loop = scan(
      [](auto carry, auto, Var i) {
        return ScanStep{{carry[0]}, {i}};
      },
      {x}, {}, {.length = 3});
  exp(loop.carry[0]);
  one_hot(loop.outputs[0], 5, f64);
  CHECK(golden(*tape) ==
        "%0 = input f64[2] \"x\"\n"
        "%1 = scan f64[2] i64[3] f64[3,2] %0 {body=body of 2 nodes carries=1 xs=0 length=3 reverse=0}\n"
        "%2 = exp f64[2] %1.0\n"
        "%3 = one_hot f64[3,5] %1.1 {size=5 dtype=f64}\n");
}

TEST_CASE("printing: bodies by their size, the user's own operations without their owner") {
  const auto tape = Tape::make();
  const Var x = tape->input({f64, {2}}, "x");
  scan([](auto carry, auto, Var) { return ScanStep{{carry[0] * carry[0]}}; }, {x}, {}, {.length = 3});
  CHECK(golden(*tape) ==
        "%0 = input f64[2] \"x\"\n"
        "%1 = scan f64[2] f64[3,2] %0 {body=body of 3 nodes carries=1 xs=0 length=3 reverse=0}\n");
  const Custom copy({.name = "copy",
                     .shape = [](auto operands) { return std::vector<Type>{operands[0]}; },
                     .forward = [](auto, auto) {}});
  copy(Arg(x, Where{}));
  CHECK(last_line(*tape) == "%2 = copy f64[2] %0 {leading=[]}");
}

TEST_CASE("printing: guards and stores follow the nodes") {
  Params params(0, f64);
  const Var w = Scope(params).param("w", 2.0);
  const auto tape = Tape::make();
  const Bind bind(params.binding(), tape);
  const Var next = w * w;
  tape->guard(next);
  tape->store(w, next);
  CHECK(golden(*tape) == "%0 = cell f64[] {cell=w dtype=f64 shape=[]}\n"
                         "%1 = mul f64[] %0 %0\n");
  CHECK(tape->str() == tape->str(0) + "\n" + tape->str(1) + "\nguard %1\nstore %0 <- %1\n");
}

TEST_CASE("printing: numbers in attributes read back as the same number") {
  CHECK(str(Attr(0.1)) == "0.1");
  CHECK(str(Attr(1.0 / 3.0)) == "0.3333333333333333");
  CHECK(str(Attr(-0.0)) == "-0");
  CHECK(str(Attr(1e300)) == "1e+300");
}

TEST_CASE("attributes: their text, by kind") {
  const Attrs attrs{{"i", Index{3}},
                    {"axes", std::vector<Index>{-1, -2}},
                    {"to", f32},
                    {"name", std::string("z")},
                    {"shape", Shape{2, 3}},
                    {"owner", std::shared_ptr<const void>()}};
  CHECK(attrs.str() == "i=3 axes=-1,-2 to=f32 name=\"z\" shape=[2,3]");
}

TEST_CASE("attributes: one that is missing is an error") {
  CHECK_THROWS_WITH(Attrs().get<Index>("axis"), "[tape] an attribute \"axis\" is missing");
}

TEST_CASE("attributes: the first difference, numbers by their bits") {
  const Attrs a{{"x", 0.0}, {"y", Index{1}}};
  CHECK(difference(a, Attrs{{"x", 0.0}, {"y", Index{1}}}).empty());
  CHECK(difference(a, Attrs{{"x", -0.0}, {"y", Index{2}}}) == "x");
  CHECK(difference(a, Attrs{{"x", 0.0}, {"y", Index{2}}}) == "y");
  CHECK(difference(a, Attrs{{"x", 0.0}, {"y", 1.0}}) == "y");  // another kind
  CHECK(difference(a, Attrs{{"x", 0.0}, {"z", Index{1}}}) == "z");
  CHECK(difference(a, Attrs{{"x", 0.0}}) == "their number");
}
