// Recording and running the programs of stochastic variational inference.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/svi.hpp>

#include <algorithm>
#include <cmath>

#include <tapir/autodiff/learn/recompiled.hpp>
#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/vi/handlers.hpp>
#include <tapir/vi/objectives.hpp>
#include <tapir/vi/particles.hpp>

namespace tapir::vi {
namespace {

// Both runs on one tape: the guide, and the model with the guide's values.
struct Runs {
  Context guide;
  Context model;

  Runs(const Params& params, const Model& guide_of, const Model& model_of, const Key& key,
       std::span<const Var> inputs, bool training)
      : guide(key / "guide", {.params = params, .training = training}),
        model(key / "model",
              {.params = params, .handlers = run_guide(guide_of, inputs), .training = training}) {
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
  std::vector<std::pair<std::vector<Type>, std::vector<std::string>>> sample_names =
      {};                           // by types of inputs
  std::vector<Tensor> inputs = {};  // of the call that runs
  Tensor nothing = {};              // in their place between calls
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
  struct Target {
    Loss loss;
    double elements = 1.0;
  };

  Target target(const Key& key, const Var& weight, std::span<const Var> x, bool training) {
    const Runs runs(params, guide, model, key, x, training);
    Objective objective = elbo(runs.guide, runs.model, {options.analytic_kl, weight}, where);
    report = objective.report;
    if (!training)  // a value needs no estimator of a gradient, and none of its copies
      for (tapir::Site& site : objective.sites) site.estimator = Estimator{.name = site.estimator.name};
    const auto tape = params.binding()->tape;
    const Loss one = loss(objective.sites, objective.costs, {.cells = cells(tape)}, where);
    return {over_particles(one), static_cast<double>(objective.elements)};
  }

  // The mean over particles: the whole loss for fresh draws along a leading axis.
  Loss over_particles(Loss loss) const {
    if (options.particles == 1) return loss;
    std::vector<Var> all{loss.value, loss.surrogate, loss.auxiliary};
    for (const StateUpdate& update : loss.updates) all.push_back(update.value);
    return composed(where, "particles", {loss.value}, [&]() -> Loss {
      auto wide = over_draws(all, options.particles, where);
      for (Var& value : wide) value = mean(value, 0);
      for (std::size_t i = 0; i < loss.updates.size(); ++i) loss.updates[i].value = wide[i + 3];
      return {wide[0], wide[1], wide[2], std::move(loss.updates)};
    });
  }

  std::vector<Var> results(const Target& target) const {
    return composed(where, "elbo", {target.loss.value}, [&]() -> std::vector<Var> {
      const Var elbo = -target.loss.value;
      return {elbo, target.elements == 1.0 ? elbo : elbo / target.elements};
    });
  }

  Loss per_element(const Target& target) const {
    if (target.elements == 1.0) return target.loss;
    const double scale = 1.0 / target.elements;
    const Loss& l = target.loss;
    return composed(where, "per_element", {l.value}, [&]() -> Loss {
      return {l.value * scale, l.surrogate * scale, l.auxiliary * scale, {}};
    });
  }

  std::vector<Var> record_step(std::span<const Var> in) {
    const auto tape = params.binding()->tape;
    const Key key = step_key(state.step(tape), options.seed, params.dtype(), where);
    const Target aim = target(key, in.back(), in.first(in.size() - 1), true);
    const Loss scaled = per_element(aim);
    std::vector<Gradient> gradients;
    for (const Params::Entry& entry : params.entries())
      if (!entry.frozen) gradients.push_back({entry.path(), params[entry.path()], {}, entry.learning_rate});
    std::vector<Var> by;
    for (const Gradient& g : gradients) by.push_back(g.parameter);
    const auto derivatives = gradient(scaled, by, options.allow_unused, where);
    for (std::size_t i = 0; i < gradients.size(); ++i) gradients[i].gradient = derivatives[i];
    apply_updates(state, optimizer, scaled.value, gradients, where);
    for (const StateUpdate& update : aim.loss.updates)
      tape->store(tape->cell(update.cell), update.value, where);
    return results(aim);
  }

  std::vector<Var> record_evaluate(std::span<const Var> in) {
    const std::size_t count = in.size() - 2;
    return results(
        target(Key(in[count], params.dtype()) / "evaluate", in[count + 1], in.first(count), false));
  }

  std::vector<Var> record_sample(std::span<const Var> in) {
    const auto x = in.first(in.size() - 1);
    Context context(Key(in.back(), params.dtype()) / "sample", {.params = params});
    guide(context, x);
    std::vector<Var> values;
    std::vector<std::string> names;
    for (const Message& message : context.messages()) {
      if (message.observed) continue;
      values.push_back(*message.value);
      names.push_back(message.name);
    }
    names_of(x) = std::move(names);
    return values;
  }

  std::vector<Var> record_bound(Index particles, std::span<const Var> in) {
    const Runs runs(params, guide, model, Key(in.back(), params.dtype()) / "bound", in.first(in.size() - 1),
                    false);
    return {importance_weighted(runs.guide, runs.model, particles, where).value};
  }

  // ---- calls ----
  template <class X>
  std::vector<std::string>& names_of(std::span<X> in) {
    std::vector<Type> types;
    for (const auto& x : in) types.push_back(x.type());
    for (auto& [known, names] : sample_names)
      if (known == types) return names;
    return sample_names.emplace_back(std::move(types), std::vector<std::string>()).second;
  }

  // Runs on the user's inputs and `own` ones after them, so that errors count inputs as the user does. Lets
  // go of them: who writes into a tensor again finds it unshared.
  std::span<const Tensor> call(Recompiled& program, std::span<const Tensor> users,
                               std::initializer_list<const Tensor*> own, Where caller) {
    struct Return {
      Impl& self;
      ~Return() { std::fill(self.inputs.begin(), self.inputs.end(), self.nothing); }
    } give_back{*this};
    inputs.resize(users.size() + own.size(), nothing);
    std::size_t i = 0;
    for (const Tensor& tensor : users) inputs[i++] = tensor;
    for (const Tensor* tensor : own) inputs[i++] = *tensor;
    return told_at(caller, [&] { return program(inputs, caller); });
  }

  const Tensor& next_counter() {
    auto words = counter.mutable_view<Index>();
    words[0] = options.seed;
    words[1] = calls++;
    return counter;
  }

  const Tensor& weight(double value, Where caller) {
    if (!std::isfinite(value) || value < 0.0)
      throw Error("svi", "beta is " + tapir::str(Attr(value)) + ", it has to be finite and not negative",
                  caller);
    dispatch(beta.dtype(),
             [&](auto zero) { beta.mutable_view<decltype(zero)>()[0] = static_cast<decltype(zero)>(value); });
    return beta;
  }
};

namespace {

Estimate estimate_of(std::span<const Tensor> results) { return {results[0].at(0), results[1].at(0)}; }

}  // namespace

Svi::Svi(Params params, Model model, Model guide, Optimizer optimizer, SviOptions options, Where where) {
  if (options.particles < 1) throw Error("svi", "needs at least one particle", where);
  auto pool = told_at(where, [&] { return std::make_shared<Pool>(options.threads); });
  impl_ = std::make_shared<Impl>(Impl{std::move(params), std::move(model), std::move(guide),
                                      std::move(optimizer), options, where, std::move(pool)});
  Impl* self = impl_.get();
  self->beta = Tensor::full({self->params.dtype(), {}}, 1.0);
  self->counter = Tensor(Type{DType::i64, {2}});
  self->step = self->compiled([self](std::span<const Var> in) { return self->record_step(in); });
  self->evaluate = self->compiled([self](std::span<const Var> in) { return self->record_evaluate(in); });
  self->sample = self->compiled([self](std::span<const Var> in) { return self->record_sample(in); });
}

Estimate Svi::step(std::span<const Tensor> inputs, StepOptions options, Where where) {
  return estimate_of(impl_->call(*impl_->step, inputs, {&impl_->weight(options.beta, where)}, where));
}

Estimate Svi::evaluate(std::span<const Tensor> inputs, StepOptions options, Where where) {
  const Tensor& weight = impl_->weight(options.beta, where);
  return estimate_of(impl_->call(*impl_->evaluate, inputs, {&impl_->next_counter(), &weight}, where));
}

std::map<std::string, Tensor> Svi::sample(std::span<const Tensor> inputs, Where where) {
  const auto values = impl_->call(*impl_->sample, inputs, {&impl_->next_counter()}, where);
  const auto& names = impl_->names_of(inputs);
  std::map<std::string, Tensor> result;
  for (std::size_t i = 0; i < values.size(); ++i) result[names[i]] = values[i];
  return result;
}

Tensor Svi::log_likelihood(Index particles, std::span<const Tensor> inputs, Where where) {
  if (particles < 1) throw Error("importance", "needs at least one particle", where);
  auto& bound = impl_->bounds[particles];
  Impl* self = impl_.get();
  if (!bound)
    bound = self->compiled(
        [self, particles](std::span<const Var> in) { return self->record_bound(particles, in); });
  return self->call(*bound, inputs, {&self->next_counter()}, where)[0];
}

const Params& Svi::params() const { return impl_->params; }
const TrainerState& Svi::state() const { return impl_->state; }
const std::string& Svi::report() const { return impl_->report; }

const Program& Svi::program(std::span<const Type> types) {
  std::vector<Type> all(types.begin(), types.end());
  all.push_back(impl_->beta.type());
  return impl_->step->program(all);
}

}  // namespace tapir::vi
