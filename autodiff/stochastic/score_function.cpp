// Pathwise, and the score function with its baselines.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/stochastic/score_function.hpp>

#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/stochastic/first_order.hpp>
#include <tapir/autodiff/stochastic/noise.hpp>

namespace tapir {
namespace {

// The mean of past values, 0 before there is any: {weighted sum, weight}.
struct RunningMean {
  Var value;
  StateUpdate update;
};

RunningMean running_mean_of(const Var& residual, const Trial& trial, double decay) {
  if (!trial.cells)
    throw Error("score_function",
                "site \"" + trial.name + "\": a running mean needs a trainer that keeps its state");
  const DType dtype = residual.type().dtype;
  const auto cell = trial.cells("baseline/" + trial.name, Tensor(Type{dtype, {2}}));
  const Var state = residual.place()->tape->cell(cell);
  const Var total = squeeze(slice(state, 0, 0, 1), 0);
  const Var weight = squeeze(slice(state, 0, 1, 2), 0);
  const Var some = weight > 0.0;
  const Var value = where(some, total / where(some, weight, 1.0), 0.0);
  const Var now = mean(residual);
  return {value, {cell, stack({decay * total + (1.0 - decay) * now, decay * weight + (1.0 - decay)})}};
}

// A learned baseline under the shape [1, .., plates]. Another shape could broadcast too, and silently count an element's
// cost against all elements' densities.
Var over_plates(const Var& read, const Trial& trial) {
  const Shape plates = shape_of(trial.plates);
  const int front = trial.log_density.rank() - plates.rank();
  const Shape own = read.shape().drop_front(front);
  if (own.empty()) return reshape(read, read.shape() + Shape::ones(plates.rank()));
  bool fits = own.rank() == plates.rank();
  for (int p = 0; fits && p < plates.rank(); ++p) fits = own[p] == 1 || own[p] == plates[p];
  if (!fits)
    throw Error("score_function", "the baseline of site \"" + trial.name + "\" is " +
                                      Type{read.type().dtype, own}.str() + ", its plates are " +
                                      plates.str() + "; it has to be one number per element, or one for all");
  return read;
}

void check_decay(double decay) {
  if (!(decay > 0.0 && decay < 1.0))
    throw Error("running_mean", "the decay is " + str(Attr(decay)) + ", it has to lie between 0 and 1");
}

}  // namespace

Pathwise::operator Estimator() const { return {.name = "pathwise", .pathwise = true}; }

Baseline Baseline::constant(double number) {
  return {"constant", 1, [number](const Trial&) -> BaselineValue { return {Var(number)}; }};
}

Baseline Baseline::running_mean(double decay) {
  check_decay(decay);
  return {"running_mean", 1, [decay](const Trial& trial) -> BaselineValue {
            RunningMean mean = running_mean_of(trial.cost, trial, decay);
            return {mean.value, {}, {std::move(mean.update)}};
          }};
}

Baseline Baseline::leave_one_out(Index copies) {
  if (copies < 2) throw Error("leave_one_out", "needs at least 2 copies, not " + std::to_string(copies));
  return {"leave_one_out(" + std::to_string(copies) + ")", copies, [](const Trial& trial) -> BaselineValue {
            const double others = static_cast<double>(trial.copies - 1);
            return {(sum(trial.cost, 0, true) - trial.cost) / others};
          }};
}

Baseline Baseline::learned(Var fit) {
  Baseline result{"learned", 1, [](const Trial& trial) -> BaselineValue {
                    const Var value = over_plates(trial.reads.at(0), trial);
                    if (!value.is_recorded()) return {value};
                    return {value, square(value - trial.cost)};
                  }};
  result.reads = {std::move(fit)};
  return result;
}

Baseline Baseline::and_running_mean(double decay) const {
  if (!value) return running_mean(decay);
  check_decay(decay);
  const Baseline first = *this;
  Baseline result{name + "_and_running_mean", copies, [first, decay](const Trial& trial) -> BaselineValue {
                    BaselineValue left = first.value(trial);
                    RunningMean mean = running_mean_of(trial.cost - left.value, trial, decay);
                    left.value = left.value + mean.value;
                    left.updates.push_back(std::move(mean.update));
                    return left;
                  }};
  result.reads = reads;
  return result;
}

ScoreFunction::operator Estimator() const {
  Estimator estimator{.name = "score_function(" + baseline.name + ")", .reads = baseline.reads};
  if (baseline.copies > 1)
    estimator.copies = [count = baseline.copies](const Draw& draw) -> Copies {
      if (draw.noise.empty())
        throw Error("score_function", "site \"" + draw.name + "\" has no noise of its own to draw again");
      return {count, redraw(draw.noise, count, "copies")};
    };
  estimator.surrogate = [baseline = baseline](const Trial& trial) -> Surrogate {
    const Var log_density = first_order(trial.log_density);
    if (!baseline.value) return {trial.cost * log_density};
    BaselineValue b = baseline.value(trial);
    return {stop_gradient(trial.cost - b.value) * log_density, std::move(b.auxiliary), std::move(b.updates)};
  };
  return estimator;
}

}  // namespace tapir
