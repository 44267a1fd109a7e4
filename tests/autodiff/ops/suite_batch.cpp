// The suite: batching gives what single calls give, stacked.
// SPDX-License-Identifier: BSD-3-Clause
#include "suite.hpp"

#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/autodiff/transforms/batch.hpp>

using namespace tapir;
using namespace tapir::test;

namespace {

constexpr Index count = 3;
constexpr std::initializer_list<DType> every_dtype{f32, f64, i64};

// A batch may sum in another tree, or by another routine of BLAS.
double tolerance(const Case& c) { return c.dtype == f32 ? 1e-5 : 1e-12; }

// Operand values for each of the `count` calls: other ones where `batched` says so.
std::vector<std::vector<Tensor>> draws(const Case& c, const std::vector<bool>& batched) {
  std::vector<std::vector<Tensor>> result;
  auto random = c.random();
  for (Index k = 0; k < count; ++k) {
    auto operands = make(c.sample, c.dtype, random);
    for (std::size_t i = 0; i < operands.size(); ++i)
      if (!batched[i]) operands[i] = c.operands[i];
    result.push_back(std::move(operands));
  }
  return result;
}

// Value `i` of each call, stacked.
Tensor column(const std::vector<std::vector<Tensor>>& calls, std::size_t i) {
  std::vector<Tensor> rows;
  for (const auto& call : calls) rows.push_back(call[i]);
  return stacked(rows);
}

// The batched operands are further inputs of the tape, after those that are there.
struct Batched {
  Batched(const Case& c, const Recording& r, const std::vector<bool>& which,
          const std::vector<std::vector<Tensor>>& calls) {
    for (std::size_t i = 0; i < which.size(); ++i) {
      if (!which[i]) continue;
      values.push_back(column(calls, i));
      seeds.push_back({r.inputs[i], r.tape->input(values.back().type())});
      if (c.is_active(i)) active.push_back(seeds.back().by);
    }
  }

  std::vector<Replacement> seeds;
  std::vector<Tensor> values;
  std::vector<Var> active;
};

std::vector<bool> subset(const Case& c, unsigned bits) {
  std::vector<bool> result;
  for (std::size_t i = 0; i < c.operands.size(); ++i) result.push_back((bits >> i & 1U) != 0);
  return result;
}

std::string tell(const std::vector<bool>& which) {
  std::string text;
  for (bool b : which) text += b ? '1' : '0';
  return text;
}

}  // namespace

TEST_CASE("every op: batched over any of its operands, it gives the stacked results of single calls") {
  each_case("batch", every_dtype, [](const Case& c) {
    for (unsigned bits = 1; bits < 1U << c.operands.size(); ++bits) {
      const auto which = subset(c, bits);
      INFO("batched operands ", tell(which));
      const auto calls = draws(c, which);
      std::vector<std::vector<Tensor>> singles;
      for (const auto& operands : calls) singles.push_back(compute(c.op, operands, c.attrs()));
      const Recording r = record(c);
      const Batched batched(c, r, which, calls);
      const auto results = batch(r.outputs, batched.seeds, count);
      const auto actual = run(r, results, joined({c.operands, batched.values}));
      REQUIRE(actual.size() == r.outputs.size());
      for (std::size_t i = 0; i < actual.size(); ++i) {
        const Tensor expected = column(singles, i);
        CHECK(actual[i].type() == expected.type());
        CHECK((c.op.kind() == Kind::opaque ? values_differ(actual[i], expected, tolerance(c))
                                           : bits_differ(actual[i], expected)) == "");
      }
    }
  });
}

TEST_CASE("every op: batched twice over all operands, it gives single results twice stacked") {
  each_case("batch of batch", every_dtype, [](const Case& c) {
    const std::vector<bool> all(c.operands.size(), true);
    const auto calls = draws(c, all);
    std::vector<std::vector<Tensor>> singles;
    for (const auto& operands : calls) singles.push_back(compute(c.op, operands, c.attrs()));
    const Recording r = record(c);
    const Batched once(c, r, all, calls);
    const auto inner = batch(r.outputs, once.seeds, count);
    // The outer axis repeats the first.
    std::vector<Replacement> seeds;
    std::vector<Tensor> twice;
    for (std::size_t i = 0; i < once.seeds.size(); ++i) {
      twice.push_back(stacked(std::vector<Tensor>{once.values[i], once.values[i]}));
      seeds.push_back({once.seeds[i].by, r.tape->input(twice.back().type())});
    }
    const auto results = batch(inner, seeds, 2);
    const auto actual = run(r, results, joined({c.operands, once.values, twice}));
    for (std::size_t i = 0; i < actual.size(); ++i) {
      const Tensor single = column(singles, i);
      CHECK(values_differ(actual[i], stacked(std::vector<Tensor>{single, single}), tolerance(c)) == "");
    }
  });
}

// Batching what a reverse rule wrote, and differentiating what a batching rule wrote.
TEST_CASE("every op: derivatives batched, and batches differentiated, are stacked single derivatives") {
  each_case("batch and vjp", {f32, f64}, [](const Case& c) {
    if (!c.has_derivatives()) return;
    for (unsigned bits = 1; bits < 1U << c.operands.size(); ++bits) {
      const auto which = subset(c, bits);
      INFO("batched operands ", tell(which));
      const Recording r = record(c);
      std::vector<Var> xs;
      for (std::size_t i = 0; i < which.size(); ++i)
        if (which[i] && c.is_active(i)) xs.push_back(r.inputs[i]);
      if (xs.empty()) continue;
      const auto ys = floating_outputs(r);
      const auto ws = inputs_like(r, ys);
      const auto gs = present(vjp(ys, ws, xs));
      auto random = c.random();
      const auto w = directions(ws, random);
      const auto calls = draws(c, which);
      std::vector<std::vector<Tensor>> singles;
      for (const auto& operands : calls) singles.push_back(run(r, gs, joined({operands, w})));

      const Batched batched(c, r, which, calls);
      const auto inputs = joined({c.operands, w, batched.values});
      const auto batch_of_gradient = run(r, batch(gs, batched.seeds, count), inputs);
      const auto wide_ys = batch(ys, batched.seeds, count);
      std::vector<Var> wide_ws;
      for (std::size_t i = 0; i < ws.size(); ++i)
        wide_ws.push_back(broadcast_to(ws[i], Shape{count} + ws[i].shape()));
      const auto wide_gs = present(vjp(wide_ys, wide_ws, batched.active));
      const auto gradient_of_batch = run(r, wide_gs, inputs);
      REQUIRE(batch_of_gradient.size() == gs.size());
      REQUIRE(gradient_of_batch.size() == gs.size());
      for (std::size_t i = 0; i < gs.size(); ++i) {
        const Tensor expected = column(singles, i);
        CHECK(values_differ(batch_of_gradient[i], expected, 10 * tolerance(c)) == "");
        CHECK(values_differ(gradient_of_batch[i], expected, 10 * tolerance(c)) == "");
      }
    }
  });
}
