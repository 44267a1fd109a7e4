// Drawing noise afresh.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/random.hpp>
#include <tapir/autodiff/stochastic/noise.hpp>

namespace tapir {

std::vector<Replacement> redraw(const std::vector<Var>& noise, Index count, std::string_view stream) {
  std::vector<Replacement> replacements;
  for (const Var& drawn : noise) {
    const auto place = drawn.place();
    const Node& node = place->tape->node(place->ref.node);
    const Var counter = place->tape->var(node.inputs[0]);
    if (counter.rank() != 1)
      throw Error("redraw", "this noise is drawn from a counter of its own per element: " +
                                place->tape->str(place->ref.node), node.where);
    Attrs attrs = node.attrs;
    attrs.set("stream", (Key(counter, drawn.type().dtype).with_stream(attrs.get<Index>("stream")) / stream).stream());
    attrs.set("shape", Shape{count} + attrs.get<Shape>("shape"));
    replacements.push_back({drawn, apply(*node.op, {Arg(counter, node.where)}, std::move(attrs))});
  }
  return replacements;
}

std::vector<Var> noise_of(std::span<const Var> values, std::span<const Var> but_not_of) {
  std::shared_ptr<Tape> tape = tape_of(values);
  if (!tape) return {};
  auto refs = [&](std::span<const Var> vars) {
    std::vector<Ref> result;
    for (const Var& var : vars)
      if (const auto place = var.place(); place && place->tape == tape) result.push_back(place->ref);
    return result;
  };
  const auto above = tape->ancestors(refs(values));
  const auto excluded = tape->ancestors(refs(but_not_of));
  std::vector<Var> noise;
  for (int i = 0; i < tape->size(); ++i)
    if (above[static_cast<std::size_t>(i)] && !excluded[static_cast<std::size_t>(i)] &&
        (*tape->node(i).op)->noise)
      noise.push_back(tape->var({i, 0}));
  return noise;
}

}  // namespace tapir
