// What a Var is: a number, a tensor, a place, a parameter; how they meet, and what they refuse.
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <tapir/autodiff/exec/compile.hpp>
#include <tapir/autodiff/learn/params.hpp>
#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/transforms/grad.hpp>
#include <tapir/autodiff/transforms/scan.hpp>

#include "support/errors.hpp"

using namespace tapir;
using tapir::test::at_line;
using tapir::test::text_of_error;

namespace {

const Tensor single = Tensor({2}, {1.0, 2.0}).cast(f32);
const Tensor twofold({2}, {1.0, 2.0});

}  // namespace

// ---- bare numbers ----

TEST_CASE("a bare number takes the dtype of what it meets") {
  CHECK((Var(single) * 0.5).type() == Type{f32, {2}});
  CHECK((0.5 * Var(twofold)).type() == Type{f64, {2}});
  CHECK((Var(Tensor(Index{3})) + 1).type() == Type{i64, {}});
  const auto tape = Tape::make();
  CHECK((tape->input({f32, {2}}) * 0.1).type() == Type{f32, {2}});
}

TEST_CASE("bare numbers stay open through operations, alone or among themselves") {
  const Var numbers[] = {Var(1.0) + 2.0,
                         exp(Var(0.5)),
                         where(Var(1.0) > 0.0, 3, 4),
                         broadcast_to(2.0, {2}),
                         reshape(broadcast_to(2.0, {2}), {2, 1}),
                         sum(broadcast_to(2.0, {3})),
                         mean(stack({1.0, 2.0})),
                         concat({broadcast_to(1.0, {1}), broadcast_to(2.0, {1})}),
                         logsumexp(stack({1.0, 2.0})),
                         softmax(stack({1.0, 2.0})),
                         take(stack({1.0, 2.0}), 1),
                         transpose(broadcast_to(1.0, {2, 3})),
                         sort(stack({2.0, 1.0})),
                         top_k(stack({2.0, 1.0}), 1).values,
                         clamp(Var(0.3), 0.0, 1.0),
                         stop_gradient(1.0),
                         matmul(broadcast_to(1.0, {1, 2}), broadcast_to(1.0, {2, 2})),
                         pow(Var(2.0), 3.0)};
  for (const Var& number : numbers) {
    CAPTURE(&number - numbers);
    CHECK(number.is_open());
    CHECK_FALSE(number.dtype());
  }
}

TEST_CASE("an open tensor of numbers takes the dtype that it meets, rounded once") {
  const Var third = Var(1.0) / 3.0;
  const Var sum_of = third + third + third;
  CHECK((Var(single) * stack({third, sum_of})).type() == Type{f32, {2}});
  const Tensor product = (third * Var(Tensor::full({f32, {}}, 1.0))).tensor();
  CHECK(product.item() == static_cast<double>(static_cast<float>(1.0 / 3.0)));
}

TEST_CASE("cast closes a number") {
  CHECK(cast(0.5, f32).dtype() == f32);
  CHECK(cast(0.5, f64).dtype() == f64);
  const int line = __LINE__ + 1;
  CHECK(text_of_error([] { cast(0.5, f64) * single; }) ==
        "[mul] dtypes differ: f64[2] and f32[2]; cast one of them" + at_line(line));
}

TEST_CASE("a number that is not whole does not meet an i64") {
  const int line = __LINE__ + 1;
  CHECK(text_of_error([] { Var(Tensor(Index{3})) + 0.5; }) ==
        "[add] the number 0.5 meets an i64 operand, which takes whole numbers only" + at_line(line));
}

// ---- dtypes ----

TEST_CASE("mixing dtypes is an error, plain or recorded") {
  const auto tape = Tape::make();
  const Var x = tape->input({f32, {2}});
  const std::string text = "[add] dtypes differ: f32[2] and f64[2]; cast one of them";
  int line = __LINE__ + 1;
  CHECK(text_of_error([&] { Var(single) + twofold; }) == text + at_line(line));
  line = __LINE__ + 1;
  CHECK(text_of_error([&] { x + twofold; }) == text + at_line(line));
  CHECK((cast(x, f64) + twofold).type() == Type{f64, {2}});
}

// ---- places ----

TEST_CASE("a recorded value cannot be read: the error says what to use") {
  const auto tape = Tape::make();
  const Var y = exp(Arg(tape->input({f64, {}}, "x"), Where{}));
  const std::string text = "[item] a recorded value cannot be read: %1 = exp f64[] %0; return it from the "
                           "recorded function, or choose "
                           "with where, scan or enumeration";
  int line = __LINE__ + 1;
  CHECK(text_of_error([&] { y.item(); }) == text + at_line(line));
  line = __LINE__ + 1;
  CHECK(text_of_error([&] { y.tensor(); }) == text + at_line(line));
  CHECK(y.is_recorded());
  CHECK_FALSE(Var(single).is_recorded());
}

TEST_CASE("two tapes in one expression are an error") {
  const auto first = Tape::make(), second = Tape::make();
  const Var a = first->input({f64, {2}}, "a"), b = second->input({f64, {2}}, "b");
  const int line = __LINE__ + 1;
  CHECK(text_of_error([&] { a + b; }) ==
        "[add] operands lie on two tapes; one of them: %0 = input f64[2] \"b\"" + at_line(line));
}

TEST_CASE("a value of an inner tape cannot leave it") {
  const auto tape = Tape::make();
  const Var x = tape->input({f64, {}}, "x");
  Var leaked;
  scan(
      [&](auto carry, auto, Var) {
        leaked = carry[0] * 2.0;
        return ScanStep{{leaked}};
      },
      {x}, {}, {.length = 2});
  CHECK(text_of_error([&] { x + leaked; }).find("[add] operands lie on two tapes; one of them: ") == 0);
}

TEST_CASE("an operation on plain values computes, with one recorded operand it records") {
  const auto tape = Tape::make();
  CHECK((Var(twofold) * twofold).tensor().at(1) == 4.0);
  CHECK(tape->size() == 0);
  CHECK((tape->input({f64, {2}}) * twofold).is_recorded());
  CHECK(tape->size() == 3);  // input, literal, mul
}

// ---- parameters ----

TEST_CASE("a parameter is its value, and while it is bound, a leaf of the tape") {
  Params params(0, f64);
  const Var w = Scope(params).param("w", 3.0);
  CHECK(w.is_parameter());
  CHECK_FALSE(w.is_recorded());
  CHECK(w.item() == 3.0);
  CHECK((w * 2.0).item() == 6.0);
  const auto tape = Tape::make();
  {
    const Bind bind(params.binding(), tape);
    CHECK(w.is_recorded());
    const Var y = w * 2.0;  // nothing else here is on the tape
    REQUIRE(y.is_recorded());
    CHECK(y.place()->tape == tape);
    CHECK(tape->node(w.place()->ref.node).op == &ops::cell);
    CHECK(w.place()->ref == w.place()->ref);
  }
  CHECK_FALSE(w.is_recorded());
  CHECK(w.item() == 3.0);
  CHECK(w.is_parameter());
}

TEST_CASE("a bound parameter beside captured data is a leaf: the data's net trains") {
  Params params(0, f64);
  const Var w = Scope(params).param("w", Tensor({2}, {1.0, 2.0}));
  const auto tape = Tape::make();
  const Bind bind(params.binding(), tape);
  const Var y = sum(square(w * twofold));
  CHECK(grad(y, w).is_recorded());
}

TEST_CASE("a second binding at once is an error, and leaves the first") {
  Params params(0, f64);
  const Var w = Scope(params).param("w", 3.0);
  const auto first = Tape::make(), second = Tape::make();
  const Bind bind(params.binding(), first);
  const int line = __LINE__ + 1;
  CHECK(text_of_error([&] { const Bind again(params.binding(), second); }) ==
        "[bind] these parameters are already bound to a tape that is being recorded" + at_line(line));
  CHECK(w.place()->tape == first);
}

TEST_CASE("parameters of two Params lie on their own tapes") {
  Params a(0, f64), b(0, f64);
  const Var u = Scope(a).param("u", 3.0), v = Scope(b).param("v", 4.0);
  const auto tape = Tape::make(), other = Tape::make();
  const Bind bind_a(a.binding(), tape);
  CHECK((u * v).is_recorded());  // v is its value
  CHECK(tape->node((u * v).place()->ref.node).inputs[1] != v.place().value_or(Var::Place{other, {}}).ref);
  const Bind bind_b(b.binding(), other);
  CHECK(text_of_error([&] { u* v; }).find("[mul] operands lie on two tapes") == 0);
}

TEST_CASE("an error while recording unbinds") {
  Params params(0, f64);
  const Var w = Scope(params).param("w", 3.0);
  auto f = compile([&](Var x) { return x + w + Tensor({2}, {1.0, 2.0}); }, {.parameters = params.binding()});
  CHECK_THROWS_AS(f(Tensor({3}, {1.0, 2.0, 3.0})), Error);
  CHECK_FALSE(w.is_recorded());
  CHECK(f(Tensor({2}, {1.0, 2.0}))[0].at(1) == 7.0);
}
