// Recording and running the programs of stochastic variational inference.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/svi.hpp>

#include <cmath>

#include <tapir/autodiff/learn/recompiled.hpp>
#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/stochastic/noise.hpp>
#include <tapir/vi/handlers.hpp>
#include <tapir/vi/objectives.hpp>

namespace tapir::vi {
namespace {

// Both runs on one tape: the guide, and the model with the guide's values.
struct Runs {
  Context guide;
  Context model;

  Runs(const Params& params, const Model& guide_of, const Model& model_of, const Key& key,
       std::span<const Var> inputs, bool training)
      : guide(key / "guide", {.params = params, .training = training}),
        model(key / "model", {.params = params, .handlers = run_guide(guide_of, inputs), .training = training}) {
    model_of(model, inputs);
  }

 private:
  Handlers run_guide(const Model& guide_of, std::span<const Var> inputs) {
    guide_of(guide, inputs);
    return {replay(guide)};
  }
};

}  // namespace

struct Svi::Impl {
  Params params;
  Model model;
  Model guide;
  Optimizer optimizer;
  SviOptions options;
  Where where;
  std::shared_ptr<Pool> pool;
  TrainerState state = {};
  std::string report = {};
  std::unique_ptr<Recompiled> step = nullptr;
  std::unique_ptr<Recompiled> evaluate = nullptr;
  std::unique_ptr<Recompiled> sample = nullptr;
  std::map<Index, std::unique_ptr<Recompiled>> bounds = {};
  std::vector<std::string> sample_names = {};
  std::vector<Tensor> inputs = {};  // of the call that runs: kept, so that a step allocates nothing
  Tensor beta = {};
  Tensor counter = {};
  Index calls = 0;

  std::unique_ptr<Recompiled> compiled(std::function<std::vector<Var>(std::span<const Var>)> record) {
    return std::make_unique<Recompiled>(
        params, std::move(record),
        CompileOptions{.pool = pool, .occasion = [this] { return "step " + std::to_string(state.steps()); }});
  }

  CellSource cells(const std::shared_ptr<Tape>& tape) {
    return [this, tape](const std::string& path, const Tensor& init) {
      const auto place = state.on(tape, path, init, where).place();
      return tape->node(place->ref.node).attrs.get<std::shared_ptr<Cell>>("cell");
    };
  }

  // ---- what is recorded ----
  Objective objective(const Key& key, const Var& weight, std::span<const Var> x, bool training) {
    const Runs runs(params, guide, model, key, x, training);
    Objective result = elbo(runs.guide, runs.model, {.analytic_kl = options.analytic_kl, .beta = weight}, where);
    report = result.report;
    return result;
  }

  // The mean over particles: the whole loss with a leading axis for all noise of the guide.
  Loss over_particles(Loss loss, const Objective& objective) const {
    if (options.particles == 1) return loss;
    std::vector<Var> latents;
    for (const auto& site : objective.sites) latents.push_back(site.value);
    std::vector<Var> all{loss.value, loss.surrogate, loss.auxiliary};
    for (const StateUpdate& update : loss.updates) all.push_back(update.value);
    auto wide = batch(all, redraw(noise_of(latents), options.particles, "particles"), options.particles, where);
    for (Var& value : wide) value = mean(value, 0);
    for (std::size_t i = 0; i < loss.updates.size(); ++i) loss.updates[i].value = wide[i + 3];
    return {wide[0], wide[1], wide[2], std::move(loss.updates)};
  }

  std::vector<Var> results(const Var& loss, const Objective& objective) const {
    const Var elbo = neg(loss);
    return {elbo, elbo / static_cast<double>(objective.elements)};
  }

  std::vector<Var> record_step(std::span<const Var> in) {
    const auto tape = params.binding()->tape;
    const Key key = step_key(state.step(tape), options.seed, params.dtype(), where);
    const Objective target = objective(key, in[0], in.subspan(1), true);
    const Loss loss = over_particles(tapir::loss(target.sites, target.costs, {.cells = cells(tape)}, where), target);
    const double scale = 1.0 / static_cast<double>(target.elements);
    const Loss scaled{loss.value * scale, loss.surrogate * scale, loss.auxiliary * scale, {}};
    std::vector<Gradient> gradients;
    std::vector<Var> by;
    for (const Params::Entry& entry : params.entries())
      if (!entry.frozen) by.push_back(params[entry.path()]);
    const auto derivatives = gradient(scaled, by, options.allow_unused, where);
    std::size_t i = 0;
    for (const Params::Entry& entry : params.entries()) {
      if (entry.frozen) continue;
      gradients.push_back({entry.path(), by[i], derivatives[i], entry.learning_rate});
      ++i;
    }
    apply_updates(state, optimizer, scaled.value, gradients, where);
    for (const StateUpdate& update : loss.updates) tape->store(tape->cell(update.cell), update.value, where);
    return results(loss.value, target);
  }

  std::vector<Var> record_evaluate(std::span<const Var> in) {
    const Key key = Key(in[0], params.dtype()) / "evaluate";
    const Objective target = objective(key, in[1], in.subspan(2), false);
    Var total = 0.0;
    for (const Cost& cost : target.costs) total = total + scale_of(cost.plates) * sum(cost.value);
    return results(over_particles({total, total, 0.0, {}}, target).value, target);
  }

  std::vector<Var> record_sample(std::span<const Var> in) {
    Context context(Key(in[0], params.dtype()) / "sample", {.params = params});
    guide(context, in.subspan(1));
    std::vector<Var> values;
    sample_names.clear();
    for (const Message& message : context.messages()) {
      values.push_back(*message.value);
      sample_names.push_back(message.name);
    }
    return values;
  }

  std::vector<Var> record_bound(Index particles, std::span<const Var> in) {
    const Runs runs(params, guide, model, Key(in[0], params.dtype()) / "bound", in.subspan(1), false);
    return {importance_weighted(runs.guide, runs.model, particles, where).value};
  }

  // ---- calls ----
  const Tensor& next_counter() {
    auto words = counter.mutable_view<Index>();
    words[0] = options.seed;
    words[1] = calls++;
    return counter;
  }

  std::span<const Tensor> gather(std::initializer_list<const Tensor*> first, std::span<const Tensor> rest) {
    inputs.resize(first.size() + rest.size());
    std::size_t i = 0;
    for (const Tensor* tensor : first) inputs[i++] = *tensor;
    for (const Tensor& tensor : rest) inputs[i++] = tensor;
    return inputs;
  }

  const Tensor& weight(double value) {
    dispatch(beta.dtype(), [&](auto zero) {
      if (beta.at(0) != static_cast<double>(static_cast<decltype(zero)>(value)))
        beta.mutable_view<decltype(zero)>()[0] = static_cast<decltype(zero)>(value);
    });
    return beta;
  }
};

namespace {

Estimate estimate_of(std::span<const Tensor> results) { return {results[0].at(0), results[1].at(0)}; }

void check_beta(double beta, Where where) {
  if (!std::isfinite(beta) || beta < 0.0)
    throw Error("svi", "beta is " + tapir::str(Attr(beta)) + ", it has to be finite and not negative", where);
}

}  // namespace

Svi::Svi(Params params, Model model, Model guide, Optimizer optimizer, SviOptions options, Where where)
    : impl_(std::make_shared<Impl>(Impl{std::move(params), std::move(model), std::move(guide), std::move(optimizer),
                                        options, where, std::make_shared<Pool>(options.threads)})) {
  if (options.particles < 1) throw Error("svi", "needs at least one particle", where);
  Impl* self = impl_.get();
  self->beta = Tensor::full({self->params.dtype(), {}}, 1.0);
  self->counter = Tensor(Type{DType::i64, {2}});
  self->step = self->compiled([self](std::span<const Var> in) { return self->record_step(in); });
  self->evaluate = self->compiled([self](std::span<const Var> in) { return self->record_evaluate(in); });
  self->sample = self->compiled([self](std::span<const Var> in) { return self->record_sample(in); });
}

Estimate Svi::step(std::span<const Tensor> inputs, StepOptions options, Where where) {
  check_beta(options.beta, where);
  return estimate_of((*impl_->step)(impl_->gather({&impl_->weight(options.beta)}, inputs), where));
}

Estimate Svi::evaluate(std::span<const Tensor> inputs, StepOptions options, Where where) {
  check_beta(options.beta, where);
  return estimate_of(
      (*impl_->evaluate)(impl_->gather({&impl_->next_counter(), &impl_->weight(options.beta)}, inputs), where));
}

std::map<std::string, Tensor> Svi::sample(std::span<const Tensor> inputs, Where where) {
  const auto values = (*impl_->sample)(impl_->gather({&impl_->next_counter()}, inputs), where);
  std::map<std::string, Tensor> result;
  for (std::size_t i = 0; i < values.size(); ++i) result[impl_->sample_names[i]] = values[i];
  return result;
}

Tensor Svi::log_likelihood(Index particles, std::span<const Tensor> inputs, Where where) {
  auto& bound = impl_->bounds[particles];
  Impl* self = impl_.get();
  if (!bound)
    bound = self->compiled([self, particles](std::span<const Var> in) { return self->record_bound(particles, in); });
  return (*bound)(self->gather({&self->next_counter()}, inputs), where)[0];
}

const Params& Svi::params() const { return impl_->params; }
const TrainerState& Svi::state() const { return impl_->state; }
const std::string& Svi::report() const { return impl_->report; }

const Program& Svi::program(std::span<const Type> types) {
  std::vector<Type> all{impl_->beta.type()};
  all.insert(all.end(), types.begin(), types.end());
  return impl_->step->program(all);
}

}  // namespace tapir::vi
