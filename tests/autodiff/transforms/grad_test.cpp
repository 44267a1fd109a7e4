// Reverse mode: what it writes, what it leaves out, its conventions and its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/exec/compile.hpp>
#include <tapir/autodiff/learn/gradient.hpp>
#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/transforms/grad.hpp>

#include "support/errors.hpp"
#include "support/tape_text.hpp"

using namespace tapir;
using tapir::test::at_line;
using tapir::test::count_of;
using tapir::test::golden;
using tapir::test::text_of_error;

namespace {

// f'(x) at a plain point, by the tape.
template <class F>
double slope(F f, double at) {
  return compile([f](Var x) { return grad(f(x), x); })(Tensor(at))[0].item();
}

struct Recorder {
  std::shared_ptr<Tape> tape = Tape::make();
  Var x = tape->input({f64, {2}}, "x");
  Var u = tape->input({f64, {2}}, "u");
};

}  // namespace

// ---- what it writes ----

TEST_CASE("grad: the golden tape of a small net") {
  Params params(0, f64);
  const Var w = Scope(params).param("w", Tensor({f64, {3, 2}}));
  const Var b = Scope(params).param("b", Tensor({f64, {2}}));
  const auto tape = Tape::make();
  const Bind bind(params.binding(), tape);
  const Var x = tape->input({f64, {4, 3}}, "x");
  const Var loss = sum(square(tanh(matmul(x, w) + b)));
  const int before = tape->size();
  const Var by[] = {w, b};
  const auto g = grad(loss, by);
  CHECK(golden(*tape, before) == "%9 = literal f64[] {value=f64[] {1}}\n"
                                 "%10 = reshape f64[1,1] %9 {shape=[1,1]}\n"
                                 "%11 = broadcast_to f64[4,2] %10 {shape=[4,2]}\n"
                                 "%12 = literal f64[] {value=f64[] {2}}\n"
                                 "%13 = broadcast_to f64[4,2] %12 {shape=[4,2]}\n"
                                 "%14 = mul f64[4,2] %13 %11\n"
                                 "%15 = mul f64[4,2] %14 %6\n"
                                 "%16 = broadcast_to f64[4,2] %9 {shape=[4,2]}\n"
                                 "%17 = sub f64[4,2] %16 %7\n"
                                 "%18 = mul f64[4,2] %15 %17\n"
                                 "%19 = sum f64[1,2] %18 {axes=-2 keep_dims=1}\n"
                                 "%20 = reshape f64[2] %19 {shape=[2]}\n"
                                 "%21 = matmul f64[3,2] %0 %18 {transpose_a=1 transpose_b=0}\n");
  CHECK(g[0].place()->ref.node == 21);
  CHECK(g[1].place()->ref.node == 20);
}

TEST_CASE("grad: nothing is recorded for operands that are not asked for") {
  const auto tape = Tape::make();
  const Var x = tape->input({f64, {4, 3}}), w = tape->input({f64, {3, 2}});
  const Var loss = sum(matmul(x, w));
  const int before = tape->size();
  grad(loss, w);
  CHECK(count_of(*tape, "matmul", before) == 1);
  const int between = tape->size();
  const Var both[] = {x, w};
  grad(loss, both);
  CHECK(count_of(*tape, "matmul", between) == 1);  // that of w is there already
}

TEST_CASE("grad: the whole of an inactive branch gets no cotangents") {
  const Recorder r;
  Var other = r.u;
  for (int i = 0; i < 20; ++i) other = sin(other);
  const Var loss = sum(r.x * other);
  const int before = r.tape->size();
  const Var g = grad(loss, r.x);
  CHECK(r.tape->size() - before <= 4);  // 1, its stretching, the product
  CHECK(count_of(*r.tape, "cos", before) == 0);
  CHECK(g.place()->tape->node(g.place()->ref.node).op->name() == "mul");
}

TEST_CASE("grad: what lies behind the result is not looked at") {
  const Recorder r;
  const Var loss = sum(exp(r.x));
  const Var later = sum(sin(r.x));
  const int before = r.tape->size();
  grad(loss, r.x);
  CHECK(count_of(*r.tape, "cos", before) == 0);
  CHECK(later.is_recorded());
}

TEST_CASE("grad: taken twice, it is recorded once") {
  const Recorder r;
  const Var loss = sum(exp(r.x) * r.u);
  const Var first = grad(loss, r.x);
  const int size = r.tape->size();
  CHECK(grad(loss, r.x).place()->ref == first.place()->ref);
  CHECK(r.tape->size() == size);
}

TEST_CASE("grad: by any place of the tape") {
  const Tensor x({2}, {0.3, -0.7});
  auto run = compile([](Var v) {
    const Var h = sin(v);
    const Var y = sum(h * h * v);
    const Var by[] = {h, v};
    return grad(y, by);
  });
  const auto g = run(x);
  for (Index i = 0; i < 2; ++i) {
    const double v = x.at(i), h = std::sin(v);
    CHECK(g[0].at(i) == doctest::Approx(2 * h * v).epsilon(1e-15));
    CHECK(g[1].at(i) == doctest::Approx(h * h + 2 * h * v * std::cos(v)).epsilon(1e-15));
  }
}

TEST_CASE("grad: a result that is the variable has gradient one") {
  CHECK(slope([](Var x) { return x; }, 3.0) == 1.0);
}

TEST_CASE("grad: a value used several times gets the sum of its cotangents") {
  CHECK(slope([](Var x) { return x * x * x + x; }, 2.0) == 13.0);
}

TEST_CASE("grad: results of one node, only one of them used") {
  auto f = compile([](Var x) { return grad(sum(top_k(x, 2).values * 3.0), x); });
  const Tensor g = f(Tensor({4}, {1.0, 4.0, 2.0, 3.0}))[0];
  CHECK(identical(g, Tensor({4}, {0.0, 3.0, 0.0, 3.0})));
}

// ---- higher order ----

TEST_CASE("grad: third and fourth derivatives") {
  auto derivatives = compile([](Var x) {
    std::vector<Var> all{sin(2.0 * x) * exp(x)};
    for (int order = 0; order < 4; ++order) all.push_back(grad(all.back(), x));
    return all;
  });
  const double x = 0.4;
  const auto results = derivatives(Tensor(x));
  // The imaginary part of (1 + 2i)^n exp((1 + 2i) x).
  double re = 1, im = 0;
  for (std::size_t n = 0; n < results.size(); ++n) {
    const double expected = std::exp(x) * (re * std::sin(2 * x) + im * std::cos(2 * x));
    CHECK(results[n].item() == doctest::Approx(expected).epsilon(1e-13));
    const double next = re - 2 * im;
    im = 2 * re + im;
    re = next;
  }
}

// ---- conventions ----

TEST_CASE("grad: stop_gradient is a constant, though reachable") {
  CHECK(slope([](Var x) { return x * stop_gradient(x); }, 3.0) == 3.0);
  const Recorder r;
  CHECK(text_of_error([&] { grad(sum(stop_gradient(r.x)), r.x, {}, {}); }) ==
        "[grad] the result does not depend on %0 = input f64[2] \"x\"; allow_unused gives zeros");
}

TEST_CASE("grad: relu is flat at 0, abs too") {
  CHECK(slope([](Var x) { return relu(x); }, 0.0) == 0.0);
  CHECK(slope([](Var x) { return relu(x); }, -0.0) == 0.0);
  CHECK(slope([](Var x) { return relu(x); }, 1e-300) == 1.0);
  CHECK(slope([](Var x) { return abs(x); }, 0.0) == 0.0);
}

TEST_CASE("grad: equal operands of minimum and maximum take half each") {
  CHECK(slope([](Var x) { return maximum(x, 1.0); }, 1.0) == 0.5);
  CHECK(slope([](Var x) { return minimum(x, 1.0); }, 1.0) == 0.5);
  CHECK(slope([](Var x) { return maximum(x, x * 1.0); }, 1.0) == 1.0);
  CHECK(slope([](Var x) { return maximum(x, 1.0); }, 2.0) == 1.0);
  CHECK(slope([](Var x) { return maximum(x, 1.0); }, 0.0) == 0.0);
}

TEST_CASE("grad: clamp passes inside, halves at a bound, stops outside") {
  const auto f = [](Var x) { return clamp(x, -1.0, 2.0); };
  const double expected[][2] = {{-2, 0}, {-1, 0.5}, {0, 1}, {2, 0.5}, {3, 0}};
  for (const auto& [at, gradient] : expected) CHECK(slope(f, at) == gradient);
}

TEST_CASE("grad: equal extremes of max and min share") {
  auto f = compile([](Var x) { return std::vector<Var>{grad(max(x), x), grad(min(x), x)}; });
  const auto g = f(Tensor({5}, {3.0, 1.0, 3.0, 1.0, 3.0}));
  for (Index i = 0; i < 5; ++i) {
    CHECK(g[0].at(i) == (i % 2 == 0 ? 1.0 / 3.0 : 0.0));
    CHECK(g[1].at(i) == (i % 2 == 0 ? 0.0 : 0.5));
  }
}

TEST_CASE("grad: where passes to the side that is taken, and an infinity not to the other") {
  const auto f = [](Var x) { return where(x > 0.0, log(x), 2.0 * x); };
  CHECK(slope(f, 4.0) == 0.25);
  CHECK(slope(f, -1.0) == 2.0);
  // At 0 the logarithm is -inf and its slope infinite: 0 * inf is what a product would give.
  CHECK(std::isnan(slope(f, 0.0)));
  CHECK(slope([](Var x) { return where(x > 0.0, log(where(x > 0.0, x, 1.0)), 2.0 * x); }, 0.0) == 2.0);
}

TEST_CASE("grad: steps and comparisons carry no derivative") {
  const Recorder r;
  for (const Var& y :
       {sum(floor(r.x)), sum(sign(r.x)), sum(r.x > 0.0), sum(isfinite(r.x)), sum(cast(cast(r.x, i64), f64))})
    CHECK_THROWS_AS(grad(y, r.x), Error);
  CHECK(slope([](Var x) { return x * floor(x); }, 2.5) == 2.0);
}

// ---- parameters ----

TEST_CASE("grad: by the parameters, wherever else the operands come from") {
  Params params(0, f64);
  const Scope decode = params / "decode";
  const Var w = decode.param("w", Tensor({2}, {1.0, 2.0})), b = decode.param("b", 0.5);
  const Tensor data({2}, {3.0, 4.0});
  auto f = value_and_grad(params, [&](std::span<const Var>) { return sum(square(w * data)) + b * b; });
  const auto result = f();
  CHECK(result.value.item() == 9 + 64 + 0.25);
  CHECK(identical(result.gradients.at("decode/w"), Tensor({2}, {18.0, 64.0})));
  CHECK(result.gradients.at("decode/b").item() == 1.0);
}

TEST_CASE("grad: an unreached parameter is an error that names it; allow_unused gives zeros") {
  Params params(0, f64);
  const Var w = (params / "decode").param("w", Tensor({2}, {1.0, 2.0}));
  const auto tape = Tape::make();
  const Bind bind(params.binding(), tape);
  const Var loss = sum(tape->input({f64, {2}}));
  const int line = __LINE__ + 1;
  CHECK(text_of_error([&] { grad(loss, w); }) ==
        "[grad] the result does not depend on parameter \"decode/w\"; allow_unused gives zeros" +
            at_line(line));
  const Var zero = grad(loss, w, {.allow_unused = true});
  CHECK(identical(zero.tensor(), Tensor({f64, {2}})));
}

TEST_CASE("grad: a variable that is not recorded is an error that says so") {
  const Recorder r;
  CHECK(text_of_error([&] {
          grad(sum(r.x), Var(Tensor({f64, {2}})), {}, {});
        }) == "[grad] the result does not depend on a plain value f64[2]; allow_unused gives zeros");
}

// ---- errors ----

TEST_CASE("grad: needs a scalar, recorded") {
  const Recorder r;
  int line = __LINE__ + 1;
  CHECK(text_of_error([&] { grad(r.x, r.x); }) ==
        "[grad] needs a scalar result, it is f64[2]; sum it, or use vjp or jacobian" + at_line(line));
  line = __LINE__ + 1;
  CHECK(text_of_error([&] { grad(Var(1.0), r.x); }) ==
        "[grad] the result is a plain value: nothing was recorded" + at_line(line));
}

namespace {

// x^2 with a reverse rule of the caller's.
Var with_rule(const Var& x, VjpRule rule, Where where) {
  static std::vector<std::unique_ptr<Op>> kept;
  Row row{.name = "squared", .shape = [](const Signature& s) -> std::vector<Type> { return {s[0]}; }};
  row.vjp = std::move(rule);
  kept.push_back(std::make_unique<Op>(std::move(row), Op::Unlisted{}));
  return apply(*kept.back(), {Arg(x, where)});
}

}  // namespace

TEST_CASE("grad: an operation without a reverse rule, and one whose rule gives another shape, name the "
          "user's line") {
  const Recorder r;
  const Where user{"model.cpp", 41};
  const Var none = sum(with_rule(r.x, nullptr, user));
  CHECK(text_of_error([&] { grad(none, r.x); }) == "[grad] the operation squared has no reverse rule: %2 = "
                                                   "squared f64[2] %0   # model.cpp:41 (at model.cpp:41)");
  const Var wrong = sum(with_rule(
      r.x, [](const Recorded&, const Tangents& g) -> Tangents { return {sum(*g[0])}; }, user));
  CHECK(text_of_error([&] { grad(wrong, r.x); }) ==
        "[grad] the reverse rule of squared gives f64[] for an operand f64[2] (at model.cpp:41)");
}
