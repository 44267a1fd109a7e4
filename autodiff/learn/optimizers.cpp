// Transforms of gradients, and what is chained from them.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/learn/optimizers.hpp>

#include <cmath>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir {
namespace {

void require(bool condition, std::string_view op, std::string_view name, double value,
             std::string_view needed, Where where) {
  if (!condition)
    throw Error(op, std::string(name) + " is " + str(Attr(value)) + "; it has to be " + std::string(needed),
                where);
}

void require_fraction(std::string_view op, std::string_view name, double value, Where where) {
  require(value >= 0 && value < 1, op, name, value, "a number in [0, 1)", where);
}

void require_positive(std::string_view op, std::string_view name, double value, Where where) {
  require(std::isfinite(value) && value > 0, op, name, value, "a finite number > 0", where);
}

// A scalar of the step's precision, ready to meet a parameter.
Var beside(const Var& scalar, const Gradient& g) {
  return scalar.is_open() ? scalar : cast(scalar, g.parameter.type().dtype);
}

// What is computed for each gradient on its own.
template <class F>
Optimizer each(F f) {
  return [f](UpdateContext& context, const std::vector<Gradient>& gradients) {
    std::vector<Var> updates;
    for (const Gradient& g : gradients) updates.push_back(f(context, g));
    return updates;
  };
}

}  // namespace

Optimizer chain(std::vector<Optimizer> parts) {
  return [parts = std::move(parts)](UpdateContext& context, const std::vector<Gradient>& gradients) {
    std::vector<Gradient> passed = gradients;
    for (const Optimizer& part : parts) {
      const std::vector<Var> updates = part(context, passed);
      if (updates.size() != passed.size())
        throw Error("chain", "a part gave " + std::to_string(updates.size()) + " updates for " +
                                 std::to_string(passed.size()) + " gradients");
      for (std::size_t i = 0; i < passed.size(); ++i) passed[i].gradient = updates[i];
    }
    std::vector<Var> updates;
    for (const Gradient& g : passed) updates.push_back(g.gradient);
    return updates;
  };
}

// ---- parts ----

Optimizer scale(double factor) {
  return each([factor](UpdateContext&, const Gradient& g) { return factor * g.gradient; });
}

Optimizer scale_by_schedule(Schedule schedule) {
  const LearningRate factor(std::move(schedule));
  return each([factor](UpdateContext& context, const Gradient& g) {
    return beside(factor(context.step()), g) * g.gradient;
  });
}

Optimizer scale_by_learning_rate(LearningRate learning_rate) {
  return each([learning_rate](UpdateContext& context, const Gradient& g) {
    return beside(-learning_rate(context.step()), g) * g.gradient;
  });
}

Optimizer clip_by_norm(double most, Where where) {
  require_positive("clip_by_norm", "most", most, where);
  return [most](UpdateContext&, const std::vector<Gradient>& gradients) {
    const Var factor = minimum(most / global_norm(gradients), 1.0);
    std::vector<Var> clipped;
    for (const Gradient& g : gradients) clipped.push_back(factor * g.gradient);
    return clipped;
  };
}

Optimizer clip_by_value(double most, Where where) {
  require_positive("clip_by_value", "most", most, where);
  return each([most](UpdateContext&, const Gradient& g) { return clamp(g.gradient, -most, most); });
}

Optimizer add_weight_decay(double weight_decay, Where where) {
  require(std::isfinite(weight_decay) && weight_decay >= 0, "add_weight_decay", "weight_decay", weight_decay,
          "a finite number >= 0", where);
  return each(
      [weight_decay](UpdateContext&, const Gradient& g) { return g.gradient + weight_decay * g.parameter; });
}

Optimizer accumulate(MomentumOptions options, Where where) {
  require_fraction("momentum", "beta", options.beta, where);
  return each([options](UpdateContext& context, const Gradient& g) {
    const Var old = context.recall("momentum/" + g.path + "/m", Tensor(g.parameter.type()));
    const Var m = options.beta * old + g.gradient;
    context.remember(old, m);
    return options.nesterov ? g.gradient + options.beta * m : m;
  });
}

Optimizer scale_by_rms(RmspropOptions options, Where where) {
  require_fraction("rmsprop", "decay", options.decay, where);
  require_positive("rmsprop", "epsilon", options.epsilon, where);
  return each([options](UpdateContext& context, const Gradient& g) {
    const Var old = context.recall("rmsprop/" + g.path + "/v", Tensor(g.parameter.type()));
    const Var v = options.decay * old + (1 - options.decay) * square(g.gradient);
    context.remember(old, v);
    return g.gradient / (sqrt(v) + options.epsilon);
  });
}

// 1 - beta^t is computed without cancellation. Moments that began late, because their parameter was frozen, are
// corrected by their own count.
Optimizer scale_by_adam(AdamOptions options, Where where) {
  require_fraction("adam", "beta1", options.beta1, where);
  require_fraction("adam", "beta2", options.beta2, where);
  require_positive("adam", "epsilon", options.epsilon, where);
  const auto correction = [](double beta, const Var& t) { return -1.0 / expm1(std::log(beta) * t); };
  return each([options, correction](UpdateContext& context, const Gradient& g) {
    const std::string path = "adam/" + g.path;
    const Var old_m = context.recall(path + "/m", Tensor(g.parameter.type()));
    const Var old_v = context.recall(path + "/v", Tensor(g.parameter.type()));
    const Var t = context.step() + 1.0 - context.recall(path + "/start", context.steps());
    const Var m = options.beta1 * old_m + (1 - options.beta1) * g.gradient;
    const Var v = options.beta2 * old_v + (1 - options.beta2) * square(g.gradient);
    context.remember(old_m, m);
    context.remember(old_v, v);
    return m * beside(correction(options.beta1, t), g) /
           (sqrt(v * beside(correction(options.beta2, t), g)) + options.epsilon);
  });
}

// ---- complete optimizers ----

Optimizer sgd(LearningRate learning_rate, Where where) {
  learning_rate.check("sgd", where);
  return scale_by_learning_rate(std::move(learning_rate));
}

Optimizer momentum(LearningRate learning_rate, MomentumOptions options, Where where) {
  learning_rate.check("momentum", where);
  return chain(accumulate(options, where), scale_by_learning_rate(std::move(learning_rate)));
}

Optimizer adam(LearningRate learning_rate, AdamOptions options, Where where) {
  learning_rate.check("adam", where);
  return chain(scale_by_adam(options, where), scale_by_learning_rate(std::move(learning_rate)));
}

Optimizer adamw(LearningRate learning_rate, AdamWOptions options, Where where) {
  learning_rate.check("adamw", where);
  return chain(scale_by_adam({options.beta1, options.beta2, options.epsilon}, where),
               add_weight_decay(options.weight_decay, where),
               scale_by_learning_rate(std::move(learning_rate)));
}

Optimizer rmsprop(LearningRate learning_rate, RmspropOptions options, Where where) {
  learning_rate.check("rmsprop", where);
  return chain(scale_by_rms(options, where), scale_by_learning_rate(std::move(learning_rate)));
}

}  // namespace tapir
