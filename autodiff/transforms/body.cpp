// Recording and inlining bodies.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/transforms/body.hpp>

#include <map>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/transforms/batch.hpp>

namespace tapir {

std::vector<Var> brought_to(const std::shared_ptr<Tape>& tape, std::span<const Var> values) {
  std::vector<Var> result;
  for (const Var& value : values) {
    const auto place = value.place();
    if (!place)
      result.push_back(tape->literal(value.tensor()));
    else
      result.push_back(place->tape == tape ? tape->var(place->ref) : tape->capture(*place));
  }
  return result;
}

RecordedBody record_body(const std::shared_ptr<Tape>& outer, std::span<const Type> types,
                         const BodyFunction& f) {
  const auto tape = Tape::make_body(outer);
  std::vector<Var> inputs;
  for (const Type& type : types) inputs.push_back(tape->input(type));
  std::vector<Var> outputs;
  {
    Frame frame(tape, Frame::User{});
    outputs = brought_to(tape, f(inputs));
  }
  auto body = std::make_shared<Body>();
  body->tape = tape;
  for (int node : tape->inputs()) body->inputs.push_back({node, 0});
  for (const Var& output : outputs) body->outputs.push_back(output.place()->ref);
  RecordedBody result{body, {}};
  for (const Var::Place& place : tape->close_body()) result.captures.push_back(place.tape->var(place.ref));
  return result;
}

std::vector<Var> inlined(const Body& body, std::span<const Var> inputs) {
  const auto tape = tape_of(inputs);
  const Tape& from = *body.tape;
  std::map<Ref, Var> known;
  for (std::size_t i = 0; i < body.inputs.size(); ++i) known.emplace(body.inputs[i], inputs[i]);
  const auto needed = from.ancestors(body.outputs);
  for (int n = 0; n < from.size(); ++n) {
    if (!needed[static_cast<std::size_t>(n)] || known.contains({n, 0})) continue;
    const Node& node = from.node(n);
    if (node.op == &ops::literal) {
      known.emplace(Ref{n, 0}, node.attrs.get<Tensor>("value"));
      continue;
    }
    std::vector<Arg> operands;
    for (Ref ref : node.inputs) operands.emplace_back(known.at(ref), node.where);
    std::optional<Frame> frame;
    if (tape) frame.emplace(tape, node);
    const auto results = apply_all(*node.op, operands, node.attrs);
    for (std::size_t r = 0; r < results.size(); ++r) known.emplace(Ref{n, static_cast<int>(r)}, results[r]);
  }
  std::vector<Var> outputs;
  for (Ref ref : body.outputs) outputs.push_back(known.at(ref));
  return outputs;
}

std::vector<Var> inlined_batched(const Body& body, std::span<const Widened> inputs, Index count) {
  std::vector<Var> vars;
  for (const Widened& input : inputs) vars.push_back(input.value);
  const auto tape = tape_of(vars);
  std::vector<Var> single;
  std::vector<Replacement> seeds;
  const auto here_too = brought_to(tape, vars);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].batched) {
      single.push_back(here_too[i]);
      continue;
    }
    single.push_back(tape->placeholder(body.tape->type(body.inputs[i])));
    seeds.push_back({single.back(), here_too[i]});
  }
  return batch(inlined(body, single), seeds, count);
}

}  // namespace tapir
