// A segment whose gradient recomputes it.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/autodiff/transforms/body.hpp>
#include <tapir/autodiff/transforms/grad.hpp>
#include <tapir/autodiff/transforms/scan.hpp>

namespace tapir {
namespace {

const Body& body_of(const Attrs& attrs) { return *attrs.get<std::shared_ptr<const Body>>("body"); }

// Operands: the result as it was computed, then the inputs of the segment. The gradient does not pass the first: it
// computes the segment again, not before its cotangent is there.
Tangents recompute(const Recorded& r, const Tangents& g) {
  std::vector<Var> inputs;
  for (std::size_t i = 1; i < r.inputs.size(); ++i) inputs.push_back(after(r.inputs[i], *g[0]));
  const auto results = inlined(body_of(r.attrs), inputs);
  const Var& result = results[static_cast<std::size_t>(r.attrs.get<Index>("result"))];
  const Tangents back = vjp({&result, 1}, {&*g[0], 1}, inputs);
  Tangents cotangents(r.inputs.size());
  // An operand that stands twice (given and captured) is one variable: its cotangent counts once.
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto same = [&](const Var& before) { return before.place()->ref == inputs[i].place()->ref; };
    const auto end = inputs.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::none_of(inputs.begin(), end, same)) cotangents[i + 1] = back[i];
  }
  return cotangents;
}

std::vector<Var> batch_checkpoint(const Recorded& r, std::span<const Widened> in, Index count);

const Op checkpoint_op{{.name = "checkpoint",
                        .kind = Kind::alias,
                        .shape = [](const Signature& s) -> std::vector<Type> { return {s[0]}; },
                        .follows =
                            [](const Signature& s, int, int input) {
                              std::vector<int> axes(static_cast<std::size_t>(s[0].shape.rank()), mixed);
                              for (std::size_t i = 0; input == 0 && i < axes.size(); ++i)
                                axes[i] = static_cast<int>(i);
                              return axes;
                            },
                        .batch = batch_checkpoint,
                        .vjp = recompute,
                        .jvp = [](const Recorded&, const Tangents& t) -> Tangents { return {t[0]}; },
                        .body = true}};

Var wrapped(const Var& result, std::span<const Var> inputs, const std::shared_ptr<const Body>& body, Index at,
            Where where) {
  std::vector<Arg> operands{Arg(result, where)};
  for (const Var& input : inputs) operands.emplace_back(input, where);
  return apply_all(checkpoint_op, operands, {{"body", body}, {"result", at}})[0];
}

std::vector<Var> batch_checkpoint(const Recorded& r, std::span<const Widened> in, Index count) {
  const auto& body = r.attrs.get<std::shared_ptr<const Body>>("body");
  std::vector<Type> types;
  std::vector<Var> inputs;
  for (const Widened& input : in.subspan(1)) {
    types.push_back(input.value.type());
    inputs.push_back(input.value);
  }
  const auto tape = tape_of(inputs);
  const RecordedBody wide = record_body(tape, types, [&](std::span<const Var> x) {
    std::vector<Widened> widened;
    for (std::size_t i = 0; i < x.size(); ++i) widened.push_back({x[i], in[i + 1].batched});
    return inlined_batched(*body, widened, count);
  });
  const Var result =
      in[0].batched ? in[0].value : broadcast_to(in[0].value, Shape{count} + in[0].value.shape());
  return {wrapped(result, inputs, wide.body, r.attrs.get<Index>("result"), {})};
}

}  // namespace

std::vector<Var> checkpoint(const std::function<std::vector<Var>(std::span<const Var>)>& f,
                            std::vector<Var> inputs, Where where) {
  const auto tape = tape_of(inputs);
  if (!tape) return f(inputs);
  std::vector<Type> types;
  inputs = brought_to(tape, inputs);
  for (const Var& input : inputs) types.push_back(input.type());
  RecordedBody recorded = record_body(tape, types, f);
  const auto captures = brought_to(tape, recorded.captures);
  inputs.insert(inputs.end(), captures.begin(), captures.end());
  std::vector<Var> results = inlined(*recorded.body, inputs);
  for (std::size_t i = 0; i < results.size(); ++i)
    results[i] = wrapped(results[i], inputs, recorded.body, static_cast<Index>(i), where);
  return results;
}

}  // namespace tapir
