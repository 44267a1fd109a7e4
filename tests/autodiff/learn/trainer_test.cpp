// Training steps as programs: what is fused, what is allocated, what a bad step changes.
// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <cstdlib>
#include <limits>
#include <new>

#include <doctest/doctest.h>

#include "problem.hpp"
#include "support/allocations.hpp"

namespace tapir::test {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// A network of two layers with odd sizes.
struct Network {
  explicit Network(DType dtype = DType::f32, Index seed = 3) : params(seed, dtype) {
    const auto law = initialisers::glorot_normal();
    (params / "hidden").param("weight", {7, 33}, law);
    (params / "hidden").param("bias", {33}, initialisers::zeros());
    (params / "out").param("weight", {33, 5}, law);
  }
  auto loss() const {
    return [p = params](Var x, Var y) {
      const Var h = tanh(matmul(x, p["hidden/weight"]) + p["hidden/bias"]);
      return mean(square(matmul(h, p["out/weight"]) - y));
    };
  }

  Params params;
};

Tensor data(Index rows, Index columns, std::string_view name, DType dtype = DType::f32) {
  return normal(Key(21, dtype) / name, {rows, columns}).tensor();
}

}  // namespace

TEST_CASE("adam is one pass per parameter, all stores in place") {
  for (DType dtype : {f32, f64}) {
    const Network net(dtype);
    Trainer trainer(net.params, net.loss(), adam(1e-3));
    const std::array types{Type{dtype, {16, 7}}, Type{dtype, {16, 5}}};
    const Program& program = trainer.program(types);
    // Each parameter with its two moments, and the step.
    CHECK(program.facts().stores_in_place == 3 * 3 + 1);
    CHECK(program.facts().stores_copied == 0);
    // Below the guard: a pass per parameter, all others are of scalars.
    const std::string text = program.str();
    const std::string below = text.substr(text.find("guard\n"));
    const auto passes_of = [&](Index size) {
      const std::string pass = "pass of " + std::to_string(size) + " elements\n";
      int count = 0;
      for (auto at = below.find(pass); at != std::string::npos; at = below.find(pass, at + 1)) ++count;
      return count;
    };
    CHECK(passes_of(7 * 33) == 1);
    CHECK(passes_of(33) == 1);
    CHECK(passes_of(33 * 5) == 1);
  }
}

TEST_CASE("training lowers the loss") {
  const Network net;
  Trainer trainer(net.params, net.loss(), adam(1e-2));
  const Tensor x = data(16, 7, "x");
  const Tensor y = data(16, 5, "y");
  const double first = trainer.step(x, y);
  double last = first;
  for (int i = 0; i < 300; ++i) last = trainer.step(x, y);
  CHECK(last < 0.1 * first);
}

TEST_CASE("a replayed step allocates nothing") {
  if (!allocations_are_counted()) return;
  {
    AllocationCount allocations;  // calls that no compiler may leave out
    ::operator delete(::operator new(24));
    ::operator delete (::operator new (24, std::align_val_t{64}), std::align_val_t{64});
    void* volatile memory = std::malloc(24);
    std::free(memory);
    const std::size_t count = allocations.count();
    CHECK(count == 3);
  }
  const Tensor x = data(16, 7, "x");
  const Tensor y = data(16, 5, "y");
  for (int threads : {1, 2}) {
    const Network net;
    Trainer trainer(net.params, net.loss(),
                    average(chain(clip_by_norm(1.0), adamw(warm_up(10, cosine(1e-2, {.steps = 100}))))),
                    {.threads = threads});
    for (int i = 0; i < 3; ++i) trainer.step(x, y);
    AllocationCount allocations;
    for (int i = 0; i < 5; ++i) trainer.step(x, y);
    const std::size_t count = allocations.count();
    CHECK(count == 0);
  }
}

TEST_CASE("steps have the same bits for any number of threads") {
  const Tensor x = data(300, 7, "x");
  const Tensor y = data(300, 5, "y");
  const auto trained = [&](int threads) {
    const Network net;
    Trainer trainer(net.params, net.loss(), adam(1e-2), {.threads = threads});
    for (int i = 0; i < 5; ++i) trainer.step(x, y);
    return net.params.values();
  };
  CHECK(same_bits(trained(1), trained(3)));
}

TEST_CASE("a step that is not finite leaves every bit as it was, and says where it went wrong") {
  const Network net;
  Trainer trainer(net.params, net.loss(), average(adam(1e-2)));
  const Tensor x = data(16, 7, "x");
  const Tensor y = data(16, 5, "y");
  Tensor bad = y;
  bad.mutable_view<float>()[3] = static_cast<float>(nan);
  for (int i = 0; i < 3; ++i) trainer.step(x, y);
  const Values params = copied(net.params.values());
  const Values state = copied(trainer.state().values());
  CHECK_THROWS_AS(trainer.step(x, bad), Error);
  CHECK(same_bits(net.params.values(), params));
  CHECK(same_bits(trainer.state().values(), state));
  trainer.step(x, y);
  CHECK(trainer.state().steps() == 4);
}

TEST_CASE("a value that turns NaN inside is named with the user's line and the step") {
  Params params(0, f64);
  const Var a = Scope(params).param("a", 1.0);
  const int line = __LINE__ + 1;
  const auto loss = [&](Var x) { return sum(log(x - a)); };
  Trainer trainer(params, loss, sgd(0.0));
  trainer.step(vector_of({2, 3}));
  trainer.step(vector_of({2, 3}));
  try {
    trainer.step(vector_of({2, 0}));
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.op() == "log");
    CHECK(error.message().find("in step 2; nothing was stored") != std::string::npos);
    CHECK(error.where().line == line);
  }
}

TEST_CASE("an infinite gradient is caught though the loss is finite") {
  Params params(0, f64);
  const Var a = Scope(params).param("a", 4.0);
  Trainer trainer(
      params, [&](Var x) { return sqrt(a * x); }, sgd(0.1));
  trainer.step(Tensor(1.0));
  const Values before = copied(params.values());
  CHECK_THROWS_AS(trainer.step(Tensor(0.0)), Error);
  CHECK(same_bits(params.values(), before));
  CHECK(trainer.state().steps() == 1);
}

TEST_CASE("a gradient whose square overflows is caught before it spoils the moments") {
  Params params(0, f64);
  const Var a = Scope(params).param("a", 1.0);
  const int line = __LINE__ + 1;
  Trainer trainer(params, [&](Var x) { return a * x; }, adam(0.1));
  const std::string text = error_of([&] { trainer.step(Tensor(1e200)); });
  CHECK(text.find("[sum_squares] gives infinity: ") == 0);
  CHECK(text.find("   # update trainer_test.cpp:" + std::to_string(line) + " in step 0; nothing was stored") !=
        std::string::npos);
  CHECK(params.value("a").item() == 1.0);
  CHECK(trainer.state().value("adam/a/v").item() == 0);
}

TEST_CASE("two trainers on one Params do not share moments") {
  const Params params = problem_params();
  Trainer first(params, problem_loss(params), adam(0.1));
  Trainer second(params, problem_loss(params), adam(0.1));
  for (int i = 0; i < 4; ++i) first.step(vector_of(problem_c));
  CHECK(second.state().steps() == 0);
  CHECK(numbers(second.state().value("adam/w/m")) == std::vector<double>{0, 0, 0});
  const Values before = copied(first.state().values());
  second.step(vector_of(problem_c));
  CHECK(same_bits(first.state().values(), before));
}

TEST_CASE("programs for several batch sizes share one state") {
  const Network net;
  Trainer trainer(net.params, net.loss(), adam(1e-2));
  for (Index rows : {16, 9, 16, 16, 9, 9}) trainer.step(data(rows, 7, "x"), data(rows, 5, "y"));
  CHECK(trainer.state().steps() == 6);
}

TEST_CASE("a loss that takes a key draws afresh in each step, the same for the same step") {
  const auto losses = [](Index seed) {
    Params params(0, f64);
    const Var a = Scope(params).param("a", 0.0);
    Trainer trainer(params, [a](const Key& key, Var x) { return sum(x * (normal(key / "noise", {3}) + a)); },
                    sgd(0.0), {.seed = seed});
    std::vector<double> all;
    for (int i = 0; i < 4; ++i) all.push_back(trainer.step(vector_of({1, 2, 3})));
    return all;
  };
  const auto first = losses(5);
  CHECK(first == losses(5));
  CHECK(first != losses(6));
  for (std::size_t i = 1; i < first.size(); ++i) CHECK(first[i] != first[0]);
}

TEST_CASE("values go on as numbers of the parameter's dtype") {
  const Params params = problem_params(f32);
  Trainer trainer(params, problem_loss(params), average(adamw(exponential(0.1, {}))));
  trainer.step(vector_of(problem_c, f32));
  for (const auto& [path, value] : params.values()) CHECK(value.dtype() == f32);
  for (const auto& [path, value] : trainer.averages()) CHECK(value.dtype() == f32);
  CHECK(trainer.state().value("step").type() == Type{f64, {}});
}

TEST_CASE("state: unknown paths and other values are errors") {
  const Params params = problem_params();
  Trainer trainer(params, problem_loss(params), momentum(0.1));
  TrainerState state = trainer.state();
  CHECK(error_of([&] { state.value("adam/w/m"); }) ==
        "[state] the trainer remembers no \"adam/w/m\"; it does: step, momentum/w/m, momentum/b/m");
  CHECK(error_of([&] {
          state.assign({{"step", Tensor(1.0)}, {"momentum/w/m", Tensor(1.0)}});
        }) == "[assign] these are not the values of the trainer's state: \"momentum/w/m\" is f64[3], the "
              "value f64[]; "
              "\"momentum/b/m\" is missing");
  CHECK(error_of([&] { state.on(Tape::make(), "step", vector_of({1})); }) ==
        "[state] \"step\" is f64[]; here it would be f64[1]");
}

}  // namespace tapir::test
