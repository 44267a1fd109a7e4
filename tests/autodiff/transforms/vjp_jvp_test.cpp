// vjp and jvp: several results, several variables, absent derivatives, errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/exec/compile.hpp>
#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/transforms/grad.hpp>

#include "support/errors.hpp"
#include "support/tape_text.hpp"

using namespace tapir;
using tapir::test::at_line;
using tapir::test::count_of;
using tapir::test::text_of_error;

namespace {

struct Recorder {
  std::shared_ptr<Tape> tape = Tape::make();
  Var x = tape->input({f64, {2}}, "x");
  Var u = tape->input({f64, {2}}, "u");
};

// (x, u) -> (x u, sin x): its Jacobian, with a = cotangents or tangents, by hand below.
std::vector<Var> pair_of(const Var& x, const Var& u) { return {x * u, sin(x)}; }

const Tensor at_x({2}, {0.3, -0.8});
const Tensor at_u({2}, {1.5, 2.0});
const Tensor along_a({2}, {0.7, -1.0});
const Tensor along_b({2}, {2.0, 0.25});

}  // namespace

TEST_CASE("vjp: cotangents of several results, by several variables") {
  auto f = compile([](Var x, Var u, Var a, Var b) {
    const auto ys = pair_of(x, u);
    const Var gs[] = {a, b}, xs[] = {x, u};
    const Tangents back = vjp(ys, gs, xs);
    return std::vector<Var>{*back[0], *back[1]};
  });
  const auto g = f(at_x, at_u, along_a, along_b);
  for (Index i = 0; i < 2; ++i) {
    const double x = at_x.at(i), u = at_u.at(i), a = along_a.at(i), b = along_b.at(i);
    CHECK(g[0].at(i) == doctest::Approx(a * u + b * std::cos(x)).epsilon(1e-15));
    CHECK(g[1].at(i) == doctest::Approx(a * x).epsilon(1e-15));
  }
}

TEST_CASE("jvp: tangents of several variables, of several results") {
  auto f = compile([](Var x, Var u, Var a, Var b) {
    const auto ys = pair_of(x, u);
    const Var ts[] = {a, b}, xs[] = {x, u};
    const Tangents forward = jvp(ys, xs, ts);
    return std::vector<Var>{*forward[0], *forward[1]};
  });
  const auto t = f(at_x, at_u, along_a, along_b);
  for (Index i = 0; i < 2; ++i) {
    const double x = at_x.at(i), u = at_u.at(i), a = along_a.at(i), b = along_b.at(i);
    CHECK(t[0].at(i) == doctest::Approx(a * u + b * x).epsilon(1e-15));
    CHECK(t[1].at(i) == doctest::Approx(a * std::cos(x)).epsilon(1e-15));
  }
}

TEST_CASE("vjp and jvp: empty where nothing depends") {
  const Recorder r;
  const Var y = exp(r.x);
  const Var one = ones(y.type());
  CHECK_FALSE(vjp({&y, 1}, {&one, 1}, {&r.u, 1})[0]);
  CHECK(vjp({&y, 1}, {&one, 1}, {&r.x, 1})[0]);
  CHECK_FALSE(jvp({&y, 1}, {&r.u, 1}, {&one, 1})[0]);
  CHECK(jvp({&y, 1}, {&r.x, 1}, {&one, 1})[0]);
  const Var plain = one;
  CHECK_FALSE(vjp({&plain, 1}, {&one, 1}, {&r.x, 1})[0]);
  CHECK_FALSE(jvp({&plain, 1}, {&r.x, 1}, {&one, 1})[0]);
}

TEST_CASE("vjp and jvp: through stop_gradient, steps and whole numbers nothing passes") {
  const Recorder r;
  const Var one = ones(r.x.type());
  for (const Var& y : {stop_gradient(r.x), floor(r.x), cast(cast(r.x, i64), f64)}) {
    CHECK_FALSE(vjp({&y, 1}, {&one, 1}, {&r.x, 1})[0]);
    CHECK_FALSE(jvp({&y, 1}, {&r.x, 1}, {&one, 1})[0]);
  }
}

TEST_CASE("jvp: a result that is the variable has its tangent") {
  const Recorder r;
  CHECK(jvp({&r.x, 1}, {&r.x, 1}, {&r.u, 1})[0]->place()->ref == r.u.place()->ref);
}

TEST_CASE("jvp: a variable below another one is held fixed") {
  // y = x h with h = sin x a variable of its own: dy = h dx + x dh.
  auto f = compile([](Var x, Var a, Var b) {
    const Var h = sin(x);
    const Var y = x * h;
    const Var xs[] = {x, h}, ts[] = {a, b};
    return *jvp({&y, 1}, xs, ts)[0];
  });
  const Tensor t = f(at_x, along_a, along_b)[0];
  for (Index i = 0; i < 2; ++i) {
    const double x = at_x.at(i);
    CHECK(t.at(i) == doctest::Approx(std::sin(x) * along_a.at(i) + x * along_b.at(i)).epsilon(1e-15));
  }
}

TEST_CASE("jvp: nothing is recorded for what does not change") {
  const Recorder r;
  Var other = r.u;
  for (int i = 0; i < 10; ++i) other = sin(other);
  const Var y = r.x * other;
  const int before = r.tape->size();
  jvp({&y, 1}, {&r.x, 1}, {&r.u, 1});
  CHECK(count_of(*r.tape, "cos", before) == 0);
  CHECK(r.tape->size() == before + 1);
}

TEST_CASE("vjp: errors") {
  const Recorder r;
  const Var y = exp(r.x), one = ones({f64, {2}}), scalar = 1.0;
  const Var two[] = {one, one};
  int line = __LINE__ + 1;
  CHECK(text_of_error([&] {
          vjp({&y, 1}, two, {&r.x, 1});
        }) == "[vjp] 1 results, 2 cotangents" + at_line(line));
  line = __LINE__ + 1;
  CHECK(text_of_error([&] {
          vjp({&y, 1}, {&scalar, 1}, {&r.x, 1});
        }) == "[vjp] the cotangent of f64[2] is f64[]" + at_line(line));
  const Recorder other;
  line = __LINE__ + 1;
  CHECK(text_of_error([&] {
          vjp({&y, 1}, {&one, 1}, {&other.x, 1});
        }) == "[vjp] values lie on two tapes; one of them: %0 = input f64[2] \"x\"" + at_line(line));
}

TEST_CASE("jvp: errors") {
  const Recorder r;
  const Var y = exp(r.x), plain = ones({f64, {2}}), scalar = 1.0;
  const std::string text = "[jvp] needs a recorded variable and a tangent of its shape, has f64[2]";
  int line = __LINE__ + 1;
  CHECK(text_of_error([&] { jvp({&y, 1}, {&plain, 1}, {&plain, 1}); }) == text + at_line(line));
  line = __LINE__ + 1;
  CHECK(text_of_error([&] { jvp({&y, 1}, {&r.x, 1}, {&scalar, 1}); }) == text + at_line(line));
  line = __LINE__ + 1;
  CHECK(text_of_error([&] { jvp({&y, 1}, {&r.x, 1}, {}); }) == text + at_line(line));
  const Recorder other;
  const Var xs[] = {r.x, other.x}, ts[] = {plain, plain};
  line = __LINE__ + 1;
  CHECK(text_of_error([&] {
          jvp({&y, 1}, xs, ts);
        }) == "[jvp] values lie on two tapes; one of them: %0 = input f64[2] \"x\"" + at_line(line));
}

TEST_CASE("jvp: an operation without a forward rule says so at the user's line") {
  static const Op reversed{
      {.name = "reversed", .shape = [](const Signature& s) -> std::vector<Type> { return {s[0]}; }},
      Op::Unlisted{}};
  const Recorder r;
  const Var y = apply(reversed, {Arg(r.x, Where{"model.cpp", 41})});
  CHECK(text_of_error([&] {
          jvp({&y, 1}, {&r.x, 1}, {&r.u, 1});
        }) == "[jvp] the operation reversed has no forward rule (at model.cpp:41)");
}
