// A training step as one program.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/learn/trainer.hpp>

#include <tapir/autodiff/learn/recompiled.hpp>

namespace tapir {

struct Trainer::Impl {
  Params params;
  Optimizer optimizer;
  TrainerState state;
  Where where;
  std::unique_ptr<Recompiled> compiled = nullptr;
};

Trainer::Trainer(Params params, KeyedLoss loss, Optimizer optimizer, TrainerOptions options, Where where)
    : impl_(std::make_shared<Impl>(Impl{std::move(params), std::move(optimizer), {}, where})) {
  const auto pool = options.pool ? options.pool : std::make_shared<Pool>(options.threads);
  Impl& self = *impl_;
  auto record = [&self, loss = std::move(loss), options](std::span<const Var> inputs) {
    const auto tape = self.params.binding()->tape;
    const Key key = step_key(self.state.step(tape), options.seed, self.params.dtype(), self.where);
    const Var value = loss(key, inputs);
    const auto by = gradients(self.params, value, {.allow_unused = options.allow_unused}, self.where);
    apply_updates(self.state, self.optimizer, value, by, self.where);
    return std::vector<Var>{value};
  };
  self.compiled = std::make_unique<Recompiled>(
      self.params, std::move(record), CompileOptions{.pool = pool, .occasion = [&self] {
                                                       return "step " + std::to_string(self.state.steps());
                                                     }});
}

double Trainer::step(std::span<const Tensor> inputs, Where where) {
  return (*impl_->compiled)(inputs, where)[0].at(0);
}

const Params& Trainer::params() const { return impl_->params; }

const TrainerState& Trainer::state() const {
  prepare(impl_->state, impl_->params, impl_->optimizer, impl_->where);
  return impl_->state;
}

std::map<std::string, Tensor> Trainer::averages(Where where) const { return tapir::averages(state(), where); }

const Program& Trainer::program(std::span<const Type> types) { return impl_->compiled->program(types); }

}  // namespace tapir
