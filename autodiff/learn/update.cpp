// Recording one update.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/learn/update.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir {
namespace {

std::vector<Var> updates_of(const Optimizer& optimizer, UpdateContext& context,
                            const std::vector<Gradient>& gradients) {
  std::vector<Var> updates = optimizer(context, gradients);
  if (updates.size() != gradients.size())
    throw Error("update", "the optimizer gave " + std::to_string(updates.size()) + " updates for " +
                              std::to_string(gradients.size()) + " gradients");
  return updates;
}

}  // namespace

UpdateContext::UpdateContext(std::shared_ptr<Tape> tape, TrainerState state)
    : tape_(std::move(tape)), state_(std::move(state)), step_(state_.step(tape_)) {}

Var UpdateContext::recall(const std::string& path, const Tensor& init) {
  if (!taken_.insert(path).second)
    throw Error("state", "two parts of the optimizer remember \"" + path + "\"");
  return state_.on(tape_, path, init);
}

void UpdateContext::remember(const Var& recalled, const Var& next) { tape_->store(recalled, next); }

Var updated(const Gradient& g, const Var& update) {
  return g.parameter + (g.learning_rate == 1.0 ? update : g.learning_rate * update);
}

Var global_norm(const std::vector<Gradient>& gradients) {
  std::vector<Var> norms;
  for (const Gradient& g : gradients) norms.push_back(norm(g.gradient));
  if (norms.empty()) return 0.0;
  return norms.size() == 1 ? norms[0] : norm(stack(norms));
}

void apply_updates(const TrainerState& state, const Optimizer& optimizer, const Var& loss,
                   const std::vector<Gradient>& gradients, Where where) {
  const auto place = loss.place();
  if (!place) throw Error("update", "the loss is a plain value: nothing was recorded", where);
  const auto& tape = place->tape;
  composed(where, "update", {loss}, [&] {
    UpdateContext context(tape, state);
    tape->guard(loss);
    for (const Gradient& g : gradients) tape->guard(sum_squares(g.gradient));
    const std::vector<Var> updates = updates_of(optimizer, context, gradients);
    for (std::size_t i = 0; i < gradients.size(); ++i)
      tape->store(gradients[i].parameter, updated(gradients[i], updates[i]));
    tape->store(context.step(), context.step() + 1.0);
  });
}

void prepare(const TrainerState& state, const Params& params, const Optimizer& optimizer, Where where) {
  const auto tape = Tape::make();
  const auto binding = std::make_shared<Binding>(Binding{tape});
  std::vector<Gradient> gradients;
  for (const Params::Entry& entry : params.entries())
    if (!entry.frozen)
      gradients.push_back({entry.path(), Var(Var::Parameter{entry.cell, binding}), tape->input(entry.type()),
                           entry.learning_rate});
  try {
    UpdateContext context(tape, state);
    updates_of(optimizer, context, gradients);
  } catch (const Error& error) {
    throw error.at(where);
  }
}

}  // namespace tapir
