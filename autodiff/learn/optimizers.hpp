// Optimizers: from gradients to updates, recorded; small transforms and what is chained from them.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <string>
#include <vector>

#include <tapir/autodiff/learn/schedules.hpp>
#include <tapir/autodiff/learn/update.hpp>

namespace tapir {

/// Each after the other.
Optimizer chain(std::vector<Optimizer> parts);
template <class... Rest>
Optimizer chain(Optimizer first, Rest... rest) {
  return chain(std::vector<Optimizer>{std::move(first), Optimizer(std::move(rest))...});
}

// ---- complete ones; g gradient, p parameter, r learning rate, t = 1, 2, .. the update ----

/// -r g
Optimizer sgd(LearningRate learning_rate, Where where = here());

struct MomentumOptions {
  double beta = 0.9;
  bool nesterov = false;
};
/// m <- beta m + g; -r m, or -r (g + beta m) if nesterov.
///
///   source  Sutskever, Martens, Dahl & Hinton 2013
Optimizer momentum(LearningRate learning_rate, MomentumOptions options = {}, Where where = here());

struct AdamOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};
/// m <- beta1 m + (1 - beta1) g, v <- beta2 v + (1 - beta2) g^2;
/// -r m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon).
///
///   source  Kingma & Ba 2015, algorithm 1
Optimizer adam(LearningRate learning_rate, AdamOptions options = {}, Where where = here());

struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 1e-2;
};
/// Adam's update - r weight_decay p.
///
///   source  Loshchilov & Hutter 2019, algorithm 2
Optimizer adamw(LearningRate learning_rate, AdamWOptions options = {}, Where where = here());

struct RmspropOptions {
  double decay = 0.9;
  double epsilon = 1e-8;
};
/// v <- decay v + (1 - decay) g^2; -r g / (sqrt(v) + epsilon).
///
///   source  Tieleman & Hinton 2012, lecture 6.5
Optimizer rmsprop(LearningRate learning_rate, RmspropOptions options = {}, Where where = here());

// ---- parts to chain; g is what comes in ----

/// g min(1, most / norm of all gradients together)
///
///   source  Pascanu, Mikolov & Bengio 2013, algorithm 1
Optimizer clip_by_norm(double most, Where where = here());
/// min(max(g, -most), most)
Optimizer clip_by_value(double most, Where where = here());
/// factor g
Optimizer scale(double factor);
/// schedule(step) g
Optimizer scale_by_schedule(Schedule schedule);
/// -r g
Optimizer scale_by_learning_rate(LearningRate learning_rate);
/// Adam's direction: adam without -r. Remembers adam/<path>/m, /v
/// and /start, the count of steps when its moments began.
Optimizer scale_by_adam(AdamOptions options = {}, Where where = here());
/// rmsprop without -r. Remembers rmsprop/<path>/v.
Optimizer scale_by_rms(RmspropOptions options = {}, Where where = here());
/// momentum without -r. Remembers momentum/<path>/m.
Optimizer accumulate(MomentumOptions options = {}, Where where = here());
/// g + weight_decay p
Optimizer add_weight_decay(double weight_decay, Where where = here());

struct AverageOptions {
  /// 1: the plain mean of all iterates.
  double decay = 0.999;
};
/// The updates of `optimizer`; beside them the average of the parameters after each update,
/// a <- a + max(1 - decay, 1 / t) (p - a): the plain mean at first, so that the start is forgotten, then exponential.
/// Remembers average/<path>; `averages` reads it. To be the outermost.
///
///   source  Polyak & Juditsky 1992
Optimizer average(Optimizer optimizer, AverageOptions options = {}, Where where = here());

/// The averages, by path of the parameters: what `Params::assign` takes if none is frozen.
///
///   errors  "[averages] the trainer has no averages; its optimizer is to be average(..)"
std::map<std::string, Tensor> averages(const TrainerState& state, Where where = here());

}  // namespace tapir
