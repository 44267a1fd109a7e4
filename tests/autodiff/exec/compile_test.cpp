// compile: what is recorded once, what is compared, what is live, and the errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/compile.hpp>

#include <doctest/doctest.h>

#include <tapir/autodiff/learn/params.hpp>
#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/transforms/grad.hpp>
#include <tapir/autodiff/transforms/scan.hpp>

#include "support/errors.hpp"

using namespace tapir;
using namespace tapir::test;

namespace {

Tensor vector(std::initializer_list<double> values) { return {{static_cast<Index>(values.size())}, values}; }

const std::string advice = "; make what changes between calls an input";

}  // namespace

TEST_CASE("compile: a function is recorded twice per input types, however often it is called") {
  int recordings = 0;
  Compiled f = compile([&](const Var& x) {
    ++recordings;
    return 2.0 * x;
  });
  for (int i = 0; i < 5; ++i) CHECK(f(vector({1, 2}))[0].at(1) == 4);
  CHECK(recordings == 2);
  for (int i = 0; i < 5; ++i) CHECK(f(vector({1, 2, 3}))[0].at(2) == 6);
  CHECK(recordings == 4);
  for (int i = 0; i < 5; ++i) CHECK(f(vector({1, 2}).cast(f32))[0].dtype() == f32);
  CHECK(recordings == 6);
  CHECK(f(vector({1, 2}))[0].at(0) == 2);
  CHECK(recordings == 6);
}

TEST_CASE("compile: the program of given types is recorded once, and compared at its second call") {
  int recordings = 0;
  Compiled f = compile([&](const Var& x) {
    ++recordings;
    return exp(x) + 1.0;
  });
  const Type types[] = {{f64, {2}}};
  CHECK(f.program(types).facts().fused_passes == 1);
  CHECK(recordings == 1);
  CHECK(&f.program(types) == &f.program(types));
  f(vector({0, 0}));
  CHECK(recordings == 2);
}

TEST_CASE("compile: a captured number that has changed is an error that names node, both values and line") {
  double beta = 0.5;
  int line = 0;
  Compiled f = compile([&](const Var& x) {
    line = __LINE__ + 1;
    return beta * x;
  });
  CHECK(f(vector({2, 4}))[0].at(0) == 1);
  beta = 0.25;
  const std::string place = "   # compile_test.cpp:" + std::to_string(line);
  const std::string expected = "[compile] the second recording differs from the first in node 1: it was  "
                               "%1 = literal f64[] {value=f64[] {0.5}}" +
                               place +
                               "  and is now  "
                               "%1 = literal f64[] {value=f64[] {0.25}}" +
                               place + advice;
  for (int call = 0; call < 3; ++call) {
    const int called = __LINE__ + 1;
    CHECK(text_of_error([&] { f(vector({2, 4})); }) == expected + at_line(called));
  }
  beta = 0.5;
  CHECK(f(vector({2, 4}))[0].at(0) == 1);
}

TEST_CASE("compile: a captured tensor that has changed is an error, at any element") {
  Tensor data = Tensor::iota(f64, 3);
  int line = 0;
  Compiled f = compile([&](const Var& x) {
    line = __LINE__ + 1;
    return x + data;
  });
  f(vector({0, 0, 0}));
  data.mutable_view<double>()[2] = 5;
  const std::string place = "   # compile_test.cpp:" + std::to_string(line);
  const int called = __LINE__ + 1;
  CHECK(
      text_of_error([&] {
        f(vector({0, 0, 0}));
      }) ==
      "[compile] the second recording differs from the first in node 1: it was  %1 = literal f64[3] {value=" +
          Tensor::iota(f64, 3).str() + "}" + place +
          "  and is now  %1 = literal f64[3] {value=" + data.str() + "}" + place + advice + at_line(called));
}

TEST_CASE("compile: a change of one bit in a large captured tensor is found") {
  Tensor data(Type{f32, {100000}});
  Compiled f = compile([&](const Var& x) { return x + data; });
  f(Tensor(Type{f32, {}}));
  data.mutable_view<float>()[77777] = -0.0F;
  CHECK(text_of_error([&] {
          f(Tensor(Type{f32, {}}));
        }).find("in node 1: it was  %1 = literal f32[100000]") != std::string::npos);
}

TEST_CASE("compile: another branch, another order, another result, more results, an attribute are errors") {
  const auto error = [](auto f) {
    int call = 0;
    Compiled g = compile([&, f](const Var& x) { return f(x, ++call == 1); });
    g(vector({1, 2}));
    const std::string text = text_of_error([&] { g(vector({1, 2})); });
    const std::string start = "[compile] the second recording differs from the first in ";
    REQUIRE(text.substr(0, start.size()) == start);
    return text.substr(start.size(),
                       text.find(": ") == std::string::npos ? 0 : text.find(": ") - start.size());
  };
  using Vars = std::vector<Var>;
  CHECK(error([](const Var& x, bool first) { return first ? exp(x) : log(x); }) == "node 1");
  CHECK(error([](const Var& x, bool first) {
          const Var a = first ? exp(x) : sin(x), b = first ? sin(x) : exp(x);
          return a + b;
        }) == "node 1");
  CHECK(error([](const Var& x, bool first) {
          const Var a = exp(x), b = sin(x);
          return first ? a : b;
        }) == "result 0");
  CHECK(error([](const Var& x, bool first) {
          return first ? Vars{x} : Vars{x, x};
        }) == "the number of results");
  CHECK(error([](const Var& x, bool first) { return first ? exp(x) : exp(exp(x)); }) ==
        "the number of nodes");
  CHECK(error([](const Var& x, bool first) { return sum(x, 0, first); }) == "node 1");
  CHECK(error([](const Var& x, bool first) { return cast(x, first ? f32 : i64); }) == "node 1");
}

TEST_CASE("compile: a change inside a loop's body is an error") {
  double factor = 0.5;
  Compiled f = compile([&](const Var& x) {
    return scan([&](std::span<const Var> c, std::span<const Var>,
                    const Var&) -> ScanStep { return {{c[0] * factor}}; },
                {x}, {}, {.length = 3})
        .carry[0];
  });
  CHECK(f(Tensor(8.0))[0].item() == 1);
  factor = 0.25;
  CHECK(text_of_error([&] {
          f(Tensor(8.0));
        }).find("[compile] the second recording differs from the first in node ") == 0);
}

TEST_CASE("compile: a stored cell or a stored value that changes is an error") {
  const auto a = std::make_shared<Cell>(Cell{"a", Tensor(0.0)});
  const auto b = std::make_shared<Cell>(Cell{"b", Tensor(0.0)});
  int call = 0;
  Compiled f = compile([&](const Var& x) {
    const auto tape = x.place()->tape;
    const Var first = tape->cell(a), second = tape->cell(b);
    tape->store(++call == 1 ? first : second, x);
    return first + second;
  });
  f(Tensor(1.0));
  CHECK(text_of_error([&] { f(Tensor(1.0)); })
            .find("differs from the first in the stores: it was  store %1 <- %0  and "
                  "is now  store %2 <- %0; make what") != std::string::npos);
  CHECK(b->value.item() == 0);
}

TEST_CASE("compile: a parameter is live, and what is bound is let go") {
  Params params(0, f64);
  const Var w = Scope(params).param("w", 2.0);
  Compiled f = compile([&](const Var& x) { return w * x; }, {.parameters = params.binding()});
  CHECK(f(Tensor(3.0))[0].item() == 6);
  params.assign({{"w", Tensor(5.0)}});
  CHECK(f(Tensor(3.0))[0].item() == 15);
  params.assign({{"w", Tensor(7.0)}});
  CHECK(f(Tensor(3.0))[0].item() == 21);
  CHECK((w * 2.0).item() == 14);
}

TEST_CASE("compile: parameters that are not bound are captured values, and may not change") {
  Params params(0, f64);
  const Var w = Scope(params).param("w", 2.0);
  Compiled f = compile([&](const Var& x) { return w * x; });
  f(Tensor(3.0));
  params.assign({{"w", Tensor(5.0)}});
  CHECK(text_of_error([&] { f(Tensor(3.0)); }).find("{value=f64[] {2}}") != std::string::npos);
}

TEST_CASE(
    "compile: an error while recording leaves the parameters unbound, and the next call records again") {
  Params params(0, f64);
  const Var w = Scope(params).param("w", 2.0);
  bool fails = true;
  Compiled f = compile(
      [&](const Var& x) {
        if (fails) throw Error("mine", "not yet");
        return w * x;
      },
      {.parameters = params.binding()});
  const int line = __LINE__ + 1;
  CHECK(text_of_error([&] { f(Tensor(3.0)); }) == "[mine] not yet" + at_line(line));
  CHECK(w.item() == 2);
  fails = false;
  CHECK(f(Tensor(3.0))[0].item() == 6);
}

TEST_CASE("compile: control flow that depends on data is an error that says what to use") {
  int line = 0;
  Compiled f = compile([&](const Var& x) {
    line = __LINE__ + 1;
    return x.item() > 0 ? x : -x;
  });
  const std::string text = text_of_error([&] { f(Tensor(1.0)); });
  CHECK(text == "[item] a recorded value cannot be read: %0 = input f64[] \"input 0\"; return it from the "
                "recorded function, or "
                "choose with where, scan or enumeration" +
                    at_line(line));
}

TEST_CASE("compile: a compiled function within another one computes, and is a constant there") {
  Compiled inner = compile([](const Var& x) { return exp(x); });
  Tensor given(0.0);
  Compiled outer = compile([&](const Var& x) { return x * inner(given)[0]; });
  CHECK(outer(Tensor(3.0))[0].item() == 3);
  CHECK(outer(Tensor(3.0))[0].item() == 3);
}

TEST_CASE("compile: a value of an outer recording that enters an inner one is an error") {
  const auto tape = Tape::make();
  const Var outside = tape->input(Type{}, "outside");
  Compiled f = compile([&](const Var& x) { return x + outside; });
  const int line = __LINE__ - 1;
  CHECK(text_of_error([&] { f(Tensor(3.0)); }) ==
        "[add] operands lie on two tapes; one of them: %0 = input f64[] \"outside\"" + at_line(line));
  Compiled g = compile([&](const Var&) { return outside; });
  const int called = __LINE__ + 1;
  CHECK(text_of_error([&] { g(Tensor(3.0)); }) ==
        "[compile] a result lies on another tape: %0 = input f64[] \"outside\"" + at_line(called));
}

TEST_CASE("compile: the parameters of one Params are bound to one recording at a time") {
  Params params(0, f64);
  const Var w = Scope(params).param("w", 2.0);
  Compiled inner = compile([&](const Var& x) { return w * x; }, {.parameters = params.binding()});
  Compiled outer =
      compile([&](const Var& x) { return x + inner(Tensor(1.0))[0]; }, {.parameters = params.binding()});
  CHECK(text_of_error([&] {
          outer(Tensor(3.0));
        }).find("[bind] these parameters are already bound to a tape that is being recorded") == 0);
  CHECK(w.item() == 2);
}

TEST_CASE("compile: a wrong number of inputs is an error at the line of the call") {
  Compiled f = compile([](const Var& x, const Var& y) { return x + y; });
  const int line = __LINE__ + 1;
  CHECK(text_of_error([&] { f(Tensor(3.0)); }) ==
        "[compile] inputs of the function: 2, given: 1" + at_line(line));
  CHECK(f(Tensor(3.0), Tensor(4.0))[0].item() == 7);
}

TEST_CASE("compile: operations that do not fit name the user's line") {
  int line = 0;
  Compiled f = compile([&](const Var& x, const Var& y) {
    line = __LINE__ + 1;
    return matmul(x, y);
  });
  const Tensor matrix(Type{f64, {2, 3}});
  const std::string text = text_of_error([&] { f(matrix, matrix); });
  CHECK(text == "[matmul] inner dimensions differ: a is f64[2,3], b is f64[2,3]" + at_line(line));
}

TEST_CASE("compile: results may be inputs, constants and parameters, several times") {
  Params params(0, f64);
  const Var w = Scope(params).param("w", 2.0);
  Compiled f =
      compile([&](const Var& x) { return std::vector<Var>{x, x, 3.0, w, x + w, x + w, reshape(x, {1})}; },
              {.parameters = params.binding()});
  for (double x : {1.0, 5.0}) {
    const auto results = f(Tensor(x));
    REQUIRE(results.size() == 7);
    const double expected[] = {x, x, 3, 2, x + 2, x + 2, x};
    for (std::size_t i = 0; i < 7; ++i) CHECK(results[i].item() == expected[i]);
    CHECK(results[6].shape() == Shape{1});
  }
}

TEST_CASE("compile: results that are kept do not change, and results may be the next inputs") {
  Compiled f = compile([](const Var& x, const Var& y) { return std::vector<Var>{x + y, x}; });
  const auto first = f(Tensor(1.0), Tensor(1.0));
  const auto second = f(Tensor(2.0), Tensor(2.0));
  CHECK(first[0].item() == 2);
  CHECK(second[0].item() == 4);
  // Fibonacci numbers, by reference to the last results.
  const Tensor start[] = {Tensor(1.0), Tensor(1.0)};
  std::span<const Tensor> state = f(std::span<const Tensor>(start));
  for (int i = 0; i < 8; ++i) state = f(state);
  CHECK(state[0].item() == 89);
  CHECK(state[1].item() == 55);
}

TEST_CASE("compile: a function without inputs, and one that returns a plain value") {
  Compiled f = compile([](std::span<const Var>) { return std::vector<Var>{Var(4.0)}; });
  CHECK(f()[0].item() == 4);
  CHECK(f()[0].item() == 4);
}
