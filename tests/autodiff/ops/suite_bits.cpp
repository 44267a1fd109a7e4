// The suite: the same bits whatever the fusion, replay, threads and place of an element; f32 beside f64.
// SPDX-License-Identifier: BSD-3-Clause
#include "suite.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/transforms/batch.hpp>

using namespace tapir;
using namespace tapir::test;

namespace {

constexpr std::initializer_list<DType> every_dtype{f32, f64, i64};

// The operation among others: its results, elementwise readers of them, and its derivatives.
std::vector<Var> in_company(const Case& c, const Recording& r) {
  std::vector<Var> results = r.outputs;
  const auto ys = floating_outputs(r);
  for (const Var& y : ys) results.push_back(1 / (1 + square(y)) + sum(y));
  const auto xs = active_inputs(c, r);
  if (!c.has_derivatives() || ys.empty() || xs.empty()) return results;
  std::vector<Var> ws;
  for (const Var& y : ys) ws.push_back(tanh(y));
  for (const Var& g : present(vjp(ys, ws, xs))) results.push_back(g);
  return results;
}

// Numbers that kernels like to get wrong, between draws from the operand's domain.
Tensor with_extremes(const Operand& operand, DType dtype, Index size, Generator& random, int number) {
  Operand wide = operand;
  wide.shape = {size};
  Tensor result = make(wide, dtype, random, number);
  dispatch(result.dtype(), [&](auto zero) {
    using T = decltype(zero);
    using Limits = std::numeric_limits<T>;
    const std::vector<T> extremes = std::is_same_v<T, Index>
                                        ? std::vector<T>{T(0), T(-1), Limits::max(), Limits::lowest()}
                                        : std::vector<T>{T(0),
                                                         -T(0),
                                                         Limits::infinity(),
                                                         -Limits::infinity(),
                                                         Limits::quiet_NaN(),
                                                         Limits::denorm_min(),
                                                         Limits::max(),
                                                         Limits::lowest(),
                                                         Limits::min()};
    const auto view = result.mutable_view<T>();
    for (std::size_t i = 0; i < view.size(); ++i)
      if (random.whole(0, 3) == 0)
        view[i] =
            extremes[static_cast<std::size_t>(random.whole(0, static_cast<Index>(extremes.size()) - 1))];
  });
  return result;
}

Tensor element(const Tensor& from, Index i) { return from.rows(i, i + 1); }

}  // namespace

TEST_CASE("every op: fused and unfused, first run and replay give the same bits") {
  each_case("fusion and replay", every_dtype, [](const Case& c) {
    const Recording r = record(c);
    const auto results = in_company(c, r);
    Program fused = program(r, results);
    fused.run(c.operands);
    const std::vector<Tensor> first(fused.outputs().begin(), fused.outputs().end());
    CHECK(bits_differ(run(r, results, c.operands, {.fuse = false}), first) == "");
    auto random = c.random();
    fused.run(make(c.sample, c.dtype, random));
    fused.run(c.operands);
    CHECK(bits_differ(fused.outputs(), first) == "");
  });
}

// Batched until the work is worth several threads.
TEST_CASE("every op: fused and unfused, one, two and three threads give the same bits, at size") {
  each_case("threads", every_dtype, [](const Case& c) {
    // A fused pass of several elementwise operations is shared out earlier.
    const Index elements = c.op.kind() == Kind::elementwise ? 1 << 15 : 1 << 17;
    // An elementwise kernel sees no shape: the first sample stands for all.
    if (c.op.kind() == Kind::elementwise && &c.sample != &c.op->samples.front()) return;
    const Recording r = record(c);
    Index size = 1;
    for (const Tensor& operand : c.operands) size = std::max(size, operand.size());
    for (const Var& output : r.outputs) size = std::max(size, output.shape().size());
    const Index count = elements / size + 1;
    const auto results = in_company(c, r);
    auto random = c.random();
    std::vector<Replacement> seeds;
    std::vector<Tensor> inputs = c.operands;
    for (std::size_t i = 0; i < c.operands.size(); ++i) {
      std::vector<Tensor> rows;
      for (Index k = 0; k < count; ++k)
        rows.push_back(k < 5 ? make(c.sample.operands[i], c.dtype, random, static_cast<int>(i))
                             : rows[static_cast<std::size_t>(k % 5)]);
      inputs.push_back(stacked(rows));
      seeds.push_back({r.inputs[i], r.tape->input(inputs.back().type())});
    }
    const auto wide = batch(results, seeds, count);
    const auto one = run(r, wide, inputs);
    CHECK(bits_differ(run(r, wide, inputs, {.fuse = false}), one) == "");
    CHECK(bits_differ(run(r, wide, inputs, {.threads = 2}), one) == "");
    CHECK(bits_differ(run(r, wide, inputs, {.threads = 3}), one) == "");
  });
}

TEST_CASE("every elementwise op: an element has the same bits alone and among others") {
  each_case("other sizes", every_dtype, [](const Case& c) {
    if (c.op.kind() != Kind::elementwise) return;
    auto random = c.random();
    // Beyond what a program runs at once, some elements stand for all.
    for (Index size : {1, 7, 67, 1000, 9001}) {
      std::vector<Tensor> operands;
      for (const Operand& operand : c.sample.operands)
        operands.push_back(with_extremes(operand, c.dtype, size, random, static_cast<int>(operands.size())));
      const Tensor together = compute(c.op, operands, c.attrs())[0];
      for (Index i = 0; i<size; i += size> 1000 ? 61 : 1) {
        std::vector<Tensor> alone;
        for (const Tensor& operand : operands) alone.push_back(element(operand, i));
        const std::string text = bits_differ(compute(c.op, alone, c.attrs())[0], element(together, i));
        if (text.empty()) continue;
        FAIL_CHECK("element ", i, " of ", size, ": ", text);
        break;
      }
    }
  });
}

TEST_CASE("every differentiable elementwise op: NaN in any operand gives NaN") {
  each_case("NaN", {f32, f64}, [](const Case& c) {
    // A choice: the side that is not taken may be NaN, and a condition that is NaN is not 0.
    if (c.op.kind() != Kind::elementwise || !c.has_derivatives() || c.op.name() == "where") return;
    for (std::size_t k = 0; k < c.operands.size(); ++k) {
      if (!is_floating(c.operands[k].dtype())) continue;
      auto operands = c.operands;
      operands[k] = Tensor::full(operands[k].type(), std::numeric_limits<double>::quiet_NaN());
      const Tensor result = compute(c.op, operands, c.attrs())[0];
      for (Index i = 0; i < result.size(); ++i) CHECK(std::isnan(result.at(i)));
    }
  });
}

// Both compute on numbers that f32 holds. An elementwise result is off by a few units in the last place (1.2e-7 of
// it); sums, products and solutions by some more.
TEST_CASE("every op: f32 agrees with f64") {
  each_case("f32 and f64", {f32}, [](const Case& c) {
    std::vector<Tensor> wide;
    for (const Tensor& operand : c.operands)
      wide.push_back(is_floating(operand.dtype()) ? operand.cast(f64) : operand);
    const double tolerance = c.op.kind() == Kind::opaque ? 1e-5 : 1e-6;
    CHECK(values_differ(compute(c.op, c.operands, c.attrs()), compute(c.op, wide, c.attrs()), tolerance) ==
          "");

    const auto gradients = [&](const std::vector<Tensor>& operands) {
      const Case as{c.op, c.sample, c.dtype, c.name, operands};
      const Recording r = record(as);
      return run(r, in_company(as, r), operands);
    };
    CHECK(values_differ(gradients(c.operands), gradients(wide), 1e-4) == "");
  });
}
