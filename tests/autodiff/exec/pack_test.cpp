// Packing changes no bit; what it makes of loops.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/pack.hpp>

#include <algorithm>

#include <doctest/doctest.h>

#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/transforms/grad.hpp>
#include <tapir/autodiff/transforms/scan.hpp>

#include "random_program.hpp"
#include "support/sample.hpp"

using namespace tapir;
using namespace tapir::test;

namespace {

/// A recurrence over a series: a few states, which terms of its entries and of each other move on; sums of what is seen
/// on the way. Entries are literals or elements of an input, values scalars or short vectors.
class Loop {
 public:
  explicit Loop(std::uint64_t seed) : random_(seed), length_(random_.whole(5, 40)) {
    shape_ = random_.whole(0, 2) == 0 ? Shape{random_.whole(1, 3)} : Shape{};
    dtype_ = random_.whole(0, 1) == 0 ? f32 : f64;
  }

  RandomProgram make() {
    for (int i = 0; i < 3; ++i) parameters_.push_back(input(shape_));
    series_ = input(Shape{length_} + shape_);
    program_.initial.push_back(test::make({shape_, -1, 1}, dtype_, random_));
    auto& cell = program_.cells.emplace_back(std::make_shared<Cell>());
    cell->value = program_.initial[0];
    cell->path = "memory";
    const Var memory = program_.tape->cell(cell);
    std::vector<Var> states{parameters_[0], random_.whole(0, 1) == 0 ? memory : parameters_[1]};
    std::vector<Var> sums(3, program_.tape->literal(test::make({shape_, 0, 1}, dtype_, random_)));
    const Index body = random_.whole(0, 1 << 20);  // the same in all steps
    for (Index t = 0; t < length_; ++t) step(t, states, sums, body);
    for (const Var& total : sums) program_.outputs.push_back(total);
    program_.outputs.push_back(states[1]);
    program_.tape->guard(sum(tanh(sums[0])));
    program_.tape->store(memory, 0.5 * states[0] + 0.25);
    return std::move(program_);
  }

 private:
  Var input(const Shape& shape) {
    program_.values.push_back(test::make({shape, -1.5, 1.5}, dtype_, random_));
    return program_.inputs.emplace_back(program_.tape->input(program_.values.back().type()));
  }

  Var entry(Index t, bool literal) {
    if (literal) return program_.tape->literal(test::make({shape_, -1, 1}, dtype_, random_));
    return reshape(slice(series_, 0, t, t + 1), shape_);
  }

  void step(Index t, std::vector<Var>& states, std::vector<Var>& sums, Index body) {
    Generator choose(static_cast<std::uint64_t>(body));
    const auto one_of = [&](const std::vector<Var>& all) {
      return all[static_cast<std::size_t>(choose.whole(0, static_cast<Index>(all.size()) - 1))];
    };
    std::vector<Var> seen{entry(t, choose.whole(0, 1) == 0), entry(length_ - 1 - t, false), one_of(parameters_)};
    for (Index i = 0, n = choose.whole(2, 6); i < n; ++i) {
      const Var a = one_of(seen), b = choose.whole(0, 2) == 0 ? one_of(states) : one_of(seen);
      switch (choose.whole(0, 4)) {
        case 0: seen.push_back(a * b); break;
        case 1: seen.push_back(square(a - b)); break;
        case 2: seen.push_back(tanh(a) + 0.5 * b); break;
        case 3: seen.push_back(exp(-square(a)) / (1.0 + square(b))); break;
        default: seen.push_back(where(a > b, sin(a), b)); break;
      }
    }
    for (Var& total : sums) total = total + one_of(seen);
    if (choose.whole(0, 3) > 0) states[0] = tanh(0.9 * states[0] + one_of(seen));
    if (choose.whole(0, 3) == 0) states[1] = 0.3 * states[0] - tanh(states[1]) * one_of(parameters_);
  }

  Generator random_;
  Index length_;
  Shape shape_;
  DType dtype_ = f64;
  RandomProgram program_;
  std::vector<Var> parameters_;
  Var series_;
};

bool is_packed(const RandomProgram& program) {
  return pack(program.tape, program.results()).tape != program.tape;
}

}  // namespace

TEST_CASE("packed loops and their gradients have the bits of one operation after the other") {
  int packed = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed ", seed);
    RandomProgram program = Loop(seed).make();
    if (seed % 3 > 0) add_gradient(program);
    packed += is_packed(program);
    const auto after = pack(program.tape, program.results());
    after.tape->validate();
    const Outcome expected = run_eagerly(program);
    CHECK(difference(run_planned(program, false, 1), expected) == "");
    CHECK(difference(run_planned(program, true, 1), expected) == "");
    CHECK(difference(run_planned(program, true, 2), expected) == "");
  }
  CHECK(packed > 100);
}

TEST_CASE("a sum of squares over a series is a few operations on arrays and one fold") {
  const auto tape = Tape::make();
  const Var mean = tape->input({f64, {}}, "mean");
  Var total = 0.0;
  for (int t = 0; t < 50; ++t) total = total + square(0.1 * t - mean);
  const Var slope = grad(total, mean);
  const Program program(tape, {total.place()->ref, slope.place()->ref});
  // Forward: -, square, fold. Backward: 2 x, its negative, and the sum over t, which reads it in one array.
  CHECK(program.facts().nodes <= 10);
  CHECK(program.str().find("add_fold f64[]") != std::string::npos);
  CHECK(program.str().find("square f64[50]") != std::string::npos);
}

TEST_CASE("a recurrence keeps its order, and what hangs on it is packed") {
  const auto tape = Tape::make();
  const Var decay = tape->input({f64, {}}, "decay"), series = tape->input({f64, {60}}, "series");
  Var state = 0.0, total = 0.0;
  for (Index t = 0; t < 60; ++t) {
    state = decay * state + reshape(slice(series, 0, t, t + 1), Shape{});
    total = total + exp(-square(state));
  }
  const Program program(tape, {total.place()->ref});
  // decay * state and its sum 59 times each; a gather, square, -, exp and the fold once.
  CHECK(program.facts().nodes < 2 * 60 + 10);
  CHECK(program.str().find("exp f64[60]") != std::string::npos);
}

TEST_CASE("entries of a recorded constant are packed where they lie") {
  const auto tape = Tape::make();
  const Tensor values = normal(Key(1), {60}).tensor();
  const Var mean = tape->input({f64, {}}, "mean"), series = tape->literal(values);
  Var total = 0.0;
  for (Index t = 5; t < 55; ++t) total = total + square(reshape(slice(series, 0, t, t + 1), Shape{}) - mean);
  Program program(tape, {total.place()->ref});
  CHECK(program.facts().nodes < 10);
  program.run(std::vector<Tensor>{Tensor(0.25)});
  double wanted = 0;
  for (Index t = 5; t < 55; ++t) wanted += (values.at(t) - 0.25) * (values.at(t) - 0.25);
  CHECK(program.outputs()[0].item() == wanted);
}

TEST_CASE("tapes that would gain little, and those with checkpoints, stay as they are") {
  const auto tape = Tape::make();
  const Var x = tape->input({f64, {}}, "x");
  Var total = 0.0;
  for (int t = 0; t < 6; ++t) total = total + square(x - t);
  CHECK(pack(tape, {total.place()->ref}).tape == tape);

  const auto deliberate = Tape::make();
  const Var y = deliberate->input({f64, {}}, "y");
  const auto segment = [](std::span<const Var> in) {
    Var sum = in[0];
    for (int t = 0; t < 50; ++t) sum = sum + square(in[0] - t);
    return std::vector<Var>{sum};
  };
  const Var slope = grad(checkpoint(segment, {y})[0], y);
  CHECK(pack(deliberate, {slope.place()->ref}).tape == deliberate);
}

TEST_CASE("a fold adds in order: what a sum by a tree would keep is lost, as in the loop") {
  const auto tape = Tape::make();
  const Var series = tape->input({f32, {64}}, "series");
  Var total = tape->literal(Tensor(0.0f));
  for (Index t = 0; t < 64; ++t) total = total + square(reshape(slice(series, 0, t, t + 1), Shape{}));
  Program program(tape, {total.place()->ref});
  REQUIRE(program.str().find("add_fold") != std::string::npos);
  Tensor values(Type{f32, {64}});
  std::ranges::fill(values.mutable_view<float>(), 0.5f);
  values.mutable_view<float>()[0] = 4096.0f;  // 2^24, which 0.25 does not change
  program.run(std::vector<Tensor>{values});
  CHECK(program.outputs()[0].item() == 0x1p24);
}
