// Batching, node by node.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/transforms/batch.hpp>

#include <map>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/autodiff/transforms/recorded.hpp>

namespace tapir {
namespace {

Shape widened(const Shape& shape, Index count) { return Shape{count} + shape; }

// Right for every operation whose axes count from the right and which treats leading axes alike.
std::vector<Var> batch_by_default(const Recorded& r, std::span<const Widened> inputs, Index count) {
  std::vector<Arg> operands;
  for (const Widened& input : inputs)
    operands.emplace_back(input.batched ? input.value
                                        : broadcast_to(input.value, widened(input.value.shape(), count)));
  Attrs attrs = r.attrs;
  for (const auto& [name, attr] : r.attrs.entries())
    if (const auto* shape = std::get_if<Shape>(&attr)) attrs.set(name, widened(*shape, count));
  return apply_all(r.op, operands, attrs);
}

}  // namespace

std::vector<Widened> widen(std::span<const Var> outputs, std::span<const Replacement> seeds, Index count,
                           Where where) {
  std::map<Ref, Var> wide;
  std::vector<int> starts;
  std::shared_ptr<Tape> tape;
  for (const Replacement& seed : seeds) {
    const auto place = seed.value.place();
    if (!place || (tape && place->tape != tape))
      throw Error("batch", "a seed is not recorded on this tape: " + seed.value.type().str(), where);
    tape = place->tape;
    if (seed.by.type() != Type{seed.value.type().dtype, widened(seed.value.shape(), count)})
      throw Error("batch",
                  "in place of " + seed.value.type().str() + ", " + std::to_string(count) +
                      " times, stands " + seed.by.type().str(),
                  where);
    wide.emplace(place->ref, seed.by);
    starts.push_back(place->ref.node);
  }
  std::vector<Ref> ends;
  for (const Var& output : outputs)
    if (const auto place = output.place(); place && place->tape == tape) ends.push_back(place->ref);
  const int size = tape ? tape->size() : 0;
  const auto below = tape ? tape->ancestors(ends) : std::vector<bool>();
  const auto above = tape ? tape->descendants(starts) : std::vector<bool>();
  for (int i = 0; i < size; ++i) {
    if (!above[static_cast<std::size_t>(i)] || !below[static_cast<std::size_t>(i)]) continue;
    const Node node = tape->node(i);
    if (all_known(wide, i, node)) continue;
    std::vector<Widened> inputs;
    bool any = false;
    for (Ref ref : node.inputs) {
      const auto known = wide.find(ref);
      inputs.push_back({known == wide.end() ? tape->var(ref) : known->second, known != wide.end()});
      any = any || inputs.back().batched;
    }
    if (!any) continue;
    Frame frame(tape, node);
    const Recorded r = recorded(tape, node, i, std::vector<bool>(node.inputs.size(), true));
    const BatchRule& rule = (*node.op)->batch;
    const auto results = told_at(
        node.where, [&] { return rule ? rule(r, inputs, count) : batch_by_default(r, inputs, count); });
    for (std::size_t k = 0; k < results.size(); ++k) {
      const Shape expected = widened(node.types[k].shape, count);
      if (results[k].shape() != expected)
        throw Error("batch",
                    "the batching rule of " + node.op->name() + " gives " + results[k].type().str() +
                        ", it has to give " + expected.str(),
                    node.where);
      wide.emplace(Ref{i, static_cast<int>(k)}, results[k]);
    }
  }
  std::vector<Widened> result;
  for (const Var& output : outputs) {
    const auto place = output.place();
    const auto known = place ? wide.find(place->ref) : wide.end();
    result.push_back(known == wide.end() ? Widened{output, false} : Widened{known->second, true});
  }
  return result;
}

std::vector<Var> batch(std::span<const Var> outputs, std::span<const Replacement> seeds, Index count,
                       Where where) {
  std::vector<Var> result;
  for (const Widened& output : widen(outputs, seeds, count, where))
    result.push_back(output.batched ? output.value
                                    : broadcast_to(output.value, widened(output.value.shape(), count)));
  return result;
}

}  // namespace tapir
