// Drawing noise afresh.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/random.hpp>
#include <tapir/autodiff/stochastic/noise.hpp>

namespace tapir {
namespace {

bool draws_inside(const Node& node) {
  for (const auto& [name, attr] : node.attrs.entries()) {
    const auto* body = std::get_if<std::shared_ptr<const Body>>(&attr);
    if (!body || !*body) continue;
    const Tape& tape = *(*body)->tape;
    for (int i = 0; i < tape.size(); ++i)
      if ((*tape.node(i).op)->noise || draws_inside(tape.node(i))) return true;
  }
  return false;
}

std::vector<Var> noise_among(const std::shared_ptr<Tape>& tape, const std::vector<bool>& nodes) {
  std::vector<Var> noise;
  for (int i = 0; i < static_cast<int>(nodes.size()); ++i) {
    if (!nodes[static_cast<std::size_t>(i)]) continue;
    const Node& node = tape->node(i);
    if ((*node.op)->noise || draws_inside(node)) noise.push_back(tape->var({i, 0}));
  }
  return noise;
}

void remove(std::vector<bool>& nodes, const std::vector<bool>& those) {
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (those[i]) nodes[i] = false;
}

}  // namespace

std::vector<Replacement> redraw(const std::vector<Var>& noise, Index count, std::string_view stream) {
  std::vector<Replacement> replacements;
  for (const Var& drawn : noise) {
    const auto place = drawn.place();
    const Node& node = place->tape->node(place->ref.node);
    if (!(*node.op)->noise)
      throw Error("redraw",
                  "draws inside a body cannot be repeated from outside: " + place->tape->str(place->ref.node),
                  node.where);
    const Var counter = place->tape->var(node.inputs[0]);
    if (counter.rank() != 1)
      throw Error("redraw",
                  "this noise is drawn from a counter of its own per element: " +
                      place->tape->str(place->ref.node),
                  node.where);
    Attrs attrs = node.attrs;
    attrs.set("stream",
              (Key(counter, drawn.type().dtype).with_stream(attrs.get<Index>("stream")) / stream).stream());
    attrs.set("shape", Shape{count} + attrs.get<Shape>("shape"));
    replacements.push_back({drawn, apply(*node.op, {Arg(counter, node.where)}, std::move(attrs))});
  }
  return replacements;
}

std::vector<bool> ancestors_around(const Tape& tape, std::span<const Var> values, int around) {
  std::vector<bool> marked(static_cast<std::size_t>(tape.size()));
  for (const Var& value : values)
    if (const auto place = value.place(); place && place->tape.get() == &tape)
      marked[static_cast<std::size_t>(place->ref.node)] = true;
  for (int i = tape.size() - 1; i >= 0; --i)
    if (marked[static_cast<std::size_t>(i)] && i != around)
      for (Ref ref : tape.node(i).inputs) marked[static_cast<std::size_t>(ref.node)] = true;
  return marked;
}

std::vector<Var> noise_of(std::span<const Var> values, std::span<const Var> but_not_of) {
  const auto tape = tape_of(values);
  if (!tape) return {};
  auto nodes = ancestors_around(*tape, values, -1);
  remove(nodes, ancestors_around(*tape, but_not_of, -1));
  return noise_among(tape, nodes);
}

std::vector<Var> noise_of_site(const Var& value, const Var& log_density, std::span<const Var> earlier) {
  const auto place = value.place();
  if (!place) return {};
  auto nodes = ancestors_around(*place->tape, {&value, 1}, -1);
  remove(nodes, ancestors_around(*place->tape, earlier, -1));
  remove(nodes, ancestors_around(*place->tape, {&log_density, 1}, place->ref.node));
  nodes[static_cast<std::size_t>(place->ref.node)] = false;
  return noise_among(place->tape, nodes);
}

}  // namespace tapir
