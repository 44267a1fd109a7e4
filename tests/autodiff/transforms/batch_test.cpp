// batch: what it widens and what it leaves alone, nested, under derivatives, with noise; its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/exec/compile.hpp>
#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/transforms/batch.hpp>
#include <tapir/autodiff/transforms/grad.hpp>
#include <tapir/autodiff/transforms/scan.hpp>

#include "support/errors.hpp"
#include "support/tape_text.hpp"

using namespace tapir;
using tapir::test::at_line;
using tapir::test::count_of;
using tapir::test::text_of_error;

namespace {

constexpr Index copies = 4;

Tensor drawn(const char* name, const Shape& shape) { return normal(Key(11) / name, shape).tensor(); }

// Matrices, reductions, a softmax over the last axis, a gather, a broadcast from the right.
Var program(const Var& x, const Var& w, const Var& b) {
  const Var h = tanh(matmul(x, w) + b);
  const Var p = softmax(h);
  return sum(p * take(transpose(w), 1, 1), {-1}) + mean(h) * logsumexp(b);
}

struct Data {
  Tensor x = drawn("x", {5, 3}), w = drawn("w", {3, 3}), b = drawn("b", {3});
};

Var batched(const Var& y, const Var& value, const Var& by, Index count = copies) {
  const Replacement seed{value, by};
  return batch({&y, 1}, {&seed, 1}, count)[0];
}

void check_rows(const Tensor& wide, Index i, const Tensor& single) {
  const Tensor row = wide.rows(i, i + 1);
  REQUIRE(row.size() == single.size());
  for (Index k = 0; k < single.size(); ++k) CHECK(row.at(k) == doctest::Approx(single.at(k)).epsilon(1e-13));
}

struct Recorder {
  std::shared_ptr<Tape> tape = Tape::make();
  Var x = tape->input({f64, {2}}, "x");
  Var many = tape->input({f64, {copies, 2}}, "many");
};

}  // namespace

TEST_CASE("batch: a composed program over any of its inputs is the stack of single runs") {
  auto single = compile(program);
  const auto [x, w, b] = Data();
  const Tensor inputs[] = {x, w, b};
  for (std::size_t which = 0; which < 3; ++which) {
    CAPTURE(which);
    const Tensor more = drawn("more", Shape{copies} + inputs[which].shape());
    const Tensor wide = compile([which](Var a, Var c, Var d, Var by) {
      const Var all[] = {a, c, d};
      return batched(program(a, c, d), all[which], by);
    })(x, w, b, more)[0];
    REQUIRE(wide.type() == Type{f64, {copies, 5}});
    for (Index i = 0; i < copies; ++i) {
      Tensor one[] = {x, w, b};
      one[which] = more.rows(i, i + 1).reshaped(inputs[which].shape());
      check_rows(wide, i, single(one[0], one[1], one[2])[0]);
    }
  }
}

TEST_CASE("batch: several seeds at once") {
  auto single = compile(program);
  const auto [x, w, b] = Data();
  const Tensor xs = drawn("xs", {copies, 5, 3}), bs = drawn("bs", {copies, 3});
  const Tensor wide = compile([](Var a, Var c, Var d, Var more_a, Var more_d) {
    const Var y = program(a, c, d);
    const Replacement seeds[] = {{a, more_a}, {d, more_d}};
    return batch({&y, 1}, seeds, copies)[0];
  })(x, w, b, xs, bs)[0];
  for (Index i = 0; i < copies; ++i)
    check_rows(wide, i, single(xs.rows(i, i + 1).reshaped({5, 3}), w, bs.rows(i, i + 1).reshaped({3}))[0]);
}

TEST_CASE("batch: the gradient of a batch is the batch of gradients") {
  const auto loss = [](Var a, Var c, Var d) { return sum(square(program(a, c, d))); };
  const auto [x, w, b] = Data();
  const Tensor ws = drawn("ws", {copies, 3, 3});
  const auto both = compile([&](Var a, Var c, Var d, Var more) {
    const Var y = loss(a, c, d);
    return std::vector<Var>{batched(grad(y, c), c, more), grad(sum(batched(y, c, more)), more)};
  })(x, w, b, ws);
  REQUIRE(both[0].type() == both[1].type());
  for (Index i = 0; i < both[0].size(); ++i)
    CHECK(both[0].at(i) == doctest::Approx(both[1].at(i)).epsilon(1e-12));
}

TEST_CASE("batch: of a batch, the later axis in front") {
  const Tensor xs = drawn("xs", {2, 3}), us = drawn("us", {3, 3});
  const Tensor wide = compile([](Var a, Var u, Var more_a, Var more_u) {
    const Var inner = batched(sum(a * sin(u)), a, more_a, 2);
    return batched(inner, u, more_u, 3);
  })(drawn("x", {3}), drawn("u", {3}), xs, us)[0];
  REQUIRE(wide.type() == Type{f64, {3, 2}});
  for (Index i = 0; i < 3; ++i)
    for (Index j = 0; j < 2; ++j) {
      double expected = 0;
      for (Index k = 0; k < 3; ++k) expected += xs.at(3 * j + k) * std::sin(us.at(3 * i + k));
      CHECK(wide.at(2 * i + j) == doctest::Approx(expected).epsilon(1e-14));
    }
}

TEST_CASE("batch: what does not depend on a seed stays as it is: the encoder runs once") {
  const auto tape = Tape::make();
  const Var image = tape->input({f32, {8, 20}}, "image"), noise = tape->input({f32, {8, 2}}, "noise");
  const Var encoder = tape->input({f32, {20, 2}}), decoder = tape->input({f32, {2, 20}});
  const Var loc = matmul(image, encoder);
  const Var cost = sum(square(image - matmul(loc + noise, decoder)), {-1});
  const Var particles = tape->input({f32, {50, 8, 2}}, "particles");
  const int before = tape->size();
  const Var wide = batched(cost, noise, particles, 50);
  CHECK(wide.type() == Type{f32, {50, 8}});
  CHECK(count_of(*tape, "matmul", before) == 1);  // the decoder's
  CHECK(tape->ancestors({wide.place()->ref})[static_cast<std::size_t>(loc.place()->ref.node)]);
}

TEST_CASE("batch: an output that does not depend on a seed is stretched, by widen it is left") {
  const Recorder r;
  const Var u = r.tape->input({f64, {3}}), y = exp(u);
  const Replacement seed{r.x, r.many};
  CHECK(batch({&y, 1}, {&seed, 1}, copies)[0].type() == Type{f64, {copies, 3}});
  const Widened same = widen({&y, 1}, {&seed, 1}, copies)[0];
  CHECK_FALSE(same.batched);
  CHECK(same.value.place()->ref == y.place()->ref);
  const Var plain = Tensor({2}, {1.0, 2.0});
  CHECK(batch({&plain, 1}, {&seed, 1}, copies)[0].type() == Type{f64, {copies, 2}});
}

TEST_CASE("batch: a seed that is an output is its replacement, one that nothing reads changes nothing") {
  const Recorder r;
  CHECK(batched(r.x, r.x, r.many).place()->ref == r.many.place()->ref);
  const Var y = exp(r.x), h = sin(r.x);
  CHECK_FALSE(widen({&y, 1}, std::vector<Replacement>{{h, r.many}}, copies)[0].batched);
}

TEST_CASE("batch: a seed below another seed is what replaces it") {
  const Recorder r;
  const Var h = sin(r.x);
  const Var y = h * r.x;
  const Var other = r.tape->input({f64, {copies, 2}});
  const Replacement seeds[] = {{r.x, r.many}, {h, other}};
  const int before = r.tape->size();
  const Var wide = batch({&y, 1}, seeds, copies)[0];
  CHECK(count_of(*r.tape, "sin", before) == 0);
  CHECK(r.tape->node(wide.place()->ref.node).inputs ==
        std::vector<Ref>{other.place()->ref, r.many.place()->ref});
}

TEST_CASE("batch: a seed among several results of a node leaves the others to the node's operands") {
  auto f = compile([](Var v, Var more, Var by) {
    const auto two = scan(
        [](auto carry, auto, Var) {
          return ScanStep{{carry[0] + 1.0, carry[1] * 2.0}};
        },
        {v, v}, {}, {.length = 2});
    const Replacement seeds[] = {{v, more}, {two.carry[0], by}};
    return batch(two.carry, seeds, 2);
  });
  const auto results = f(Tensor(1.0), Tensor({2}, {3.0, 5.0}), Tensor({2}, {7.0, 8.0}));
  CHECK(identical(results[0], Tensor({2}, {7.0, 8.0})));
  CHECK(identical(results[1], Tensor({2}, {12.0, 20.0})));
}

TEST_CASE("batch: of one, and of none") {
  auto f = compile([](Var v, Var one, Var none) {
    const Var y = sum(exp(v));
    return std::vector<Var>{batched(y, v, one, 1), batched(y, v, none, 0)};
  });
  const auto results = f(Tensor({2}, {0.0, 0.0}), Tensor({1, 2}, {0.0, 0.0}), Tensor({f64, {0, 2}}));
  CHECK(identical(results[0], Tensor({1}, {2.0})));
  CHECK(results[1].type() == Type{f64, {0}});
}

// ---- noise ----

TEST_CASE("batch: noise that does not depend on a seed is one draw for all") {
  const auto tape = Tape::make();
  const Var counter = tape->input({i64, {2}}), v = tape->input({f64, {3}}),
            more = tape->input({f64, {copies, 3}});
  const Var y = v + normal(Key(counter, f64) / "z", {3});
  const int before = tape->size();
  batched(y, v, more);
  CHECK(count_of(*tape, "normal", before) == 0);
}

TEST_CASE("batch: noise from several counters is a draw for each, those of the single runs") {
  auto single = compile([](Var counter) { return exp(normal(Key(counter, f64) / "z", {3})); });
  const Tensor wide = compile([](Var counter, Var more) {
    return batched(exp(normal(Key(counter, f64) / "z", {3})), counter, more, 2);
  })(Tensor({2}, {Index{1}, Index{0}}), Tensor({2, 2}, {Index{1}, Index{5}, Index{2}, Index{0}}))[0];
  REQUIRE(wide.type() == Type{f64, {2, 3}});
  CHECK(identical(wide.rows(0, 1).reshaped({3}), single(Tensor({2}, {Index{1}, Index{5}}))[0]));
  CHECK(identical(wide.rows(1, 2).reshaped({3}), single(Tensor({2}, {Index{2}, Index{0}}))[0]));
}

// ---- lines and errors ----

TEST_CASE("batch: what it writes carries line and path of the node that it widens") {
  const Recorder r;
  const Where user{"model.cpp", 7};
  const Var y = composed(user, "decode", {r.x}, [&] { return exp(r.x); });
  const Var wide = batched(y, r.x, r.many);
  const Node& node = r.tape->node(wide.place()->ref.node);
  CHECK(node.where == user);
  CHECK(node.path == "decode");
}

TEST_CASE("batch: errors") {
  const Recorder r;
  const Var y = exp(r.x), plain = Tensor({2}, {1.0, 2.0});
  const Replacement not_recorded{plain, r.many}, short_of{r.x, r.x};
  int line = __LINE__ + 1;
  CHECK(text_of_error([&] {
          batch({&y, 1}, {&not_recorded, 1}, copies);
        }) == "[batch] a seed is not recorded on this tape: f64[2]" + at_line(line));
  line = __LINE__ + 1;
  CHECK(text_of_error([&] {
          batch({&y, 1}, {&short_of, 1}, copies);
        }) == "[batch] in place of f64[2], 4 times, stands f64[2]" + at_line(line));
  const Recorder other;
  const Replacement two[] = {{r.x, r.many}, {other.x, other.many}};
  line = __LINE__ + 1;
  CHECK(text_of_error([&] {
          batch({&y, 1}, two, copies);
        }) == "[batch] a seed is not recorded on this tape: f64[2]" + at_line(line));
}

TEST_CASE("batch: a rule that gives another shape is named at the user's line") {
  static const Op wrong{{.name = "wrong",
                         .shape = [](const Signature& s) -> std::vector<Type> { return {s[0]}; },
                         .batch = [](const Recorded& recorded, std::span<const Widened>,
                                     Index) -> std::vector<Var> { return {recorded.outputs[0]}; }},
                        Op::Unlisted{}};
  const Recorder r;
  const Var y = apply(wrong, {Arg(r.x, Where{"model.cpp", 7})});
  CHECK(text_of_error([&] { batched(y, r.x, r.many); }) ==
        "[batch] the batching rule of wrong gives f64[2], it has to give [4,2] (at model.cpp:7)");
}
