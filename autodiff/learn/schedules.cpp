// Schedules as recorded functions of the step.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/learn/schedules.hpp>

#include <cmath>
#include <numbers>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/tape/attrs.hpp>

namespace tapir {
namespace {

void require(bool condition, std::string_view op, std::string_view name, double value,
             std::string_view needed, Where where) {
  if (!condition)
    throw Error(op, std::string(name) + " is " + str(Attr(value)) + "; it has to be " + std::string(needed),
                where);
}

void require_steps(double steps, std::string_view op, Where where) {
  require(std::isfinite(steps) && steps > 0, op, "steps", steps, "a finite number > 0", where);
}

}  // namespace

Var LearningRate::operator()(const Var& step) const {
  if (const double* number = std::get_if<double>(&rate_)) return *number;
  Var rate = std::get<Schedule>(rate_)(step);
  if (rate.rank() != 0)
    throw Error("learning_rate", "the schedule gives " + rate.type().str() + "; it has to give a scalar");
  return rate;
}

void LearningRate::check(std::string_view op, Where where) const {
  if (const double* number = std::get_if<double>(&rate_))
    require(std::isfinite(*number) && *number >= 0, op, "learning_rate", *number, "a finite number >= 0",
            where);
}

Schedule constant(double value) {
  return [value](const Var&) { return Var(value); };
}

Schedule exponential(double initial, ExponentialOptions options, Where where) {
  require_steps(options.steps, "exponential", where);
  require(std::isfinite(options.decay) && options.decay > 0, "exponential", "decay", options.decay,
          "a finite number > 0", where);
  return [=](const Var& step) { return initial * pow(options.decay, step / options.steps); };
}

Schedule cosine(double initial, CosineOptions options, Where where) {
  require_steps(options.steps, "cosine", where);
  return [=](const Var& step) {
    const Var done = minimum(step / options.steps, 1.0);
    return options.final + (initial - options.final) * 0.5 * (1.0 + cos(std::numbers::pi * done));
  };
}

Schedule warm_up(double steps, LearningRate then, Where where) {
  require_steps(steps, "warm_up", where);
  then.check("warm_up", where);
  return
      [=](const Var& step) { return minimum((step + 1.0) / steps, 1.0) * then(maximum(step - steps, 0.0)); };
}

}  // namespace tapir
