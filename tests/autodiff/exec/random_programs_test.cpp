// Random programs: planning, fusion, threads and replay change no bit; batching gives stacked single runs.
// SPDX-License-Identifier: BSD-3-Clause
#include "random_program.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <doctest/doctest.h>

#include <tapir/autodiff/transforms/batch.hpp>

#include "support/sample.hpp"

using namespace tapir;
using namespace tapir::test;

namespace {

void check_bits(const RandomProgram& program) {
  program.tape->validate();
  const Outcome expected = run_eagerly(program);
  CHECK(difference(run_planned(program, false, 1), expected) == "");
  CHECK(difference(run_planned(program, true, 1), expected) == "");
  CHECK(difference(run_planned(program, true, 2), expected) == "");
}

template <class F>
void for_seeds(std::uint64_t first, std::uint64_t count, const F& f) {
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    INFO("seed ", seed);
    try {
      f(seed);
    } catch (const Error& error) {
      FAIL_CHECK(std::string(error.what()));
    }
  }
}

double largest_difference(const Tensor& a, const Tensor& b) {
  double result = 0;
  for (Index i = 0; i < a.size(); ++i) {
    const double x = a.at(i), y = b.at(i);
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    const double off = std::abs(x - y) / std::max(1.0, std::abs(y));
    result = std::isnan(off) ? INFINITY : std::max(result, off);
  }
  return result;
}

std::vector<Tensor> run(const RandomProgram& program, std::span<const Var> outputs,
                        std::span<const Tensor> inputs) {
  for (std::size_t c = 0; c < program.cells.size(); ++c) program.cells[c]->value = program.initial[c];
  std::vector<Ref> refs;
  for (const Var& output : outputs) refs.push_back(output.place()->ref);
  Program planned(program.tape, refs);
  planned.run(inputs);
  return {planned.outputs().begin(), planned.outputs().end()};
}

}  // namespace

TEST_CASE("random programs: planned, fused, on two threads and replayed, the bits of one operation after the "
          "other") {
  for_seeds(1, 300, [](std::uint64_t seed) {
    check_bits(
        random_program(seed, {.dtype = seed % 2 == 0 ? f32 : f64, .steps = 6 + static_cast<int>(seed % 20)}));
  });
}

TEST_CASE("random programs: so do their gradients") {
  for_seeds(1001, 150, [](std::uint64_t seed) {
    auto program = random_program(seed, {.dtype = seed % 2 == 0 ? f32 : f64, .steps = 10});
    add_gradient(program);
    check_bits(program);
  });
}

TEST_CASE("random programs: so do arrays of many tiles") {
  for_seeds(2001, 40, [](std::uint64_t seed) {
    auto program = random_program(seed, {.large = true, .dtype = seed % 2 == 0 ? f32 : f64, .steps = 12});
    if (seed % 2 == 0) add_gradient(program);
    check_bits(program);
  });
}

TEST_CASE("random programs: so do NaN, infinities and signed zeros") {
  for_seeds(4001, 100, [](std::uint64_t seed) {
    auto program = random_program(seed, {.extreme = true, .dtype = seed % 2 == 0 ? f32 : f64});
    if (seed % 3 == 0) add_gradient(program);
    check_bits(program);
  });
}

TEST_CASE("random programs: so do second derivatives") {
  for_seeds(5001, 40, [](std::uint64_t seed) {
    auto program = random_program(seed, {.smooth = true, .steps = 6});
    add_gradient(program);
    add_gradient(program);
    check_bits(program);
  });
}

// Batching may take another tree for a sum or another routine for a product; every row is continuous here, with
// moderate derivatives, so that a few roundings of f64 stay below 1e-9.
TEST_CASE("random programs: batched over some inputs, they give single runs stacked") {
  for_seeds(3001, 100, [](std::uint64_t seed) {
    RandomProgram program = random_program(seed, {.smooth = true});
    if (seed % 2 == 0) add_gradient(program);
    Generator random(seed);
    constexpr Index count = 3;
    std::vector<std::vector<Tensor>> calls(count, program.values);
    std::vector<Replacement> seeds;
    std::vector<Tensor> wide = program.values;
    for (std::size_t i = 0; i < 4; ++i) {
      std::vector<Tensor> rows;
      for (auto& call : calls) rows.push_back(call[i] = make({program.inputs[i].shape()}, f64, random));
      wide.push_back(stacked(rows));
      seeds.push_back({program.inputs[i], program.tape->input(wide.back().type())});
    }
    std::vector<std::vector<Tensor>> singles;
    for (auto& call : calls) {
      for (std::size_t i = program.values.size(); i < wide.size(); ++i) call.push_back(wide[i]);
      singles.push_back(run(program, program.outputs, call));
    }
    const auto together = run(program, batch(program.outputs, seeds, count), wide);
    REQUIRE(together.size() == program.outputs.size());
    for (std::size_t o = 0; o < together.size(); ++o) {
      std::vector<Tensor> rows;
      for (const auto& single : singles) rows.push_back(single[o]);
      const Tensor expected = stacked(rows);
      REQUIRE(together[o].type() == expected.type());
      CHECK(largest_difference(together[o], expected) < 1e-9);
    }
  });
}

TEST_CASE("random programs: every row stands in one of them") {
  std::set<std::string> used;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const RandomProgram program = random_program(seed, {.steps = 20});
    for (int i = 0; i < program.tape->size(); ++i) used.insert(program.tape->node(i).op->name());
  }
  for (const Op* op : Op::all()) {
    const auto& dtypes = (*op)->dtypes;
    if ((*op)->samples.empty() || std::find(dtypes.begin(), dtypes.end(), f64) == dtypes.end()) continue;
    INFO(op->name());
    CHECK(used.contains(op->name()));
  }
}
