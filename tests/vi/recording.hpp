// Runs of models and guides on a tape, sums over draws, and the pieces of statistics that tests need.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include <tapir/autodiff/exec/program.hpp>
#include <tapir/autodiff/stochastic/stochastic.hpp>
#include <tapir/vi/vi.hpp>

#include "recorded_run.hpp"

namespace tapir::vi::test {

/// A tape to which parameters are bound, with a counter of noise as its first input.
class Recording {
 public:
  explicit Recording(DType dtype = f64) : params(0, dtype), bind_(params.binding(), tape) {}

  Key key() const { return {counter, params.dtype()}; }
  ContextOptions options(Handlers handlers = {}) const {
    return {.params = params, .handlers = std::move(handlers)};
  }

  /// The values of these for the draw of this number.
  std::vector<Tensor> run(const std::vector<Var>& results, Index draw = 0,
                          const std::vector<Tensor>& inputs = {}) {
    std::vector<Ref> refs;
    for (const Var& result : results) {
      const auto place = result.place();
      refs.push_back(place ? place->ref : tape->literal(result.tensor()).place()->ref);
    }
    tape->validate();
    Program program(tape, refs);
    return run(program, draw, inputs);
  }
  static std::vector<Tensor> run(Program& program, Index draw, const std::vector<Tensor>& inputs = {}) {
    std::vector<Tensor> all{Tensor({2}, {Index{77}, draw})};
    all.insert(all.end(), inputs.begin(), inputs.end());
    program.run(all);
    return {program.outputs().begin(), program.outputs().end()};
  }
  /// The same as a program, for many draws.
  Program program(const std::vector<Var>& results) {
    std::vector<Ref> refs;
    for (const Var& result : results) refs.push_back(result.place()->ref);
    return {tape, refs};
  }

  Params params;
  std::shared_ptr<Tape> tape = Tape::make();
  Var counter = tape->input({i64, {2}}, "counter");

 private:
  Bind bind_;
};

/// A run of a guide and one of a model that replays it, on one tape.
struct Pair {
  Context guide;
  Context model;

  Pair(Recording& r, const Model& guide_of, const Model& model_of, const std::vector<Var>& inputs = {})
      : guide(r.key() / "guide", r.options()), model(r.key() / "model", r.options(guided(guide_of, inputs))) {
    (void)model_of(model, inputs);
  }

 private:
  Handlers guided(const Model& guide_of, const std::vector<Var>& inputs) {
    (void)guide_of(guide, inputs);
    return {replay(guide)};
  }
};

/// What is shown and differentiated for one run of each.
inline Loss loss_of(const Pair& pair, const ElboOptions& options = {}) {
  const Objective objective = elbo(pair.guide, pair.model, options);
  return loss(objective.sites, objective.costs);
}

/// Mean and standard error of what is added.
class Moments {
 public:
  void add(double x) {
    ++count_;
    const double step = x - mean_;
    mean_ += step / count_;
    squares_ += step * (x - mean_);
  }
  double mean() const { return mean_; }
  double variance() const { return squares_ / (count_ - 1); }
  double error() const { return std::sqrt(variance() / count_); }
  /// How many standard errors the mean is away from what is expected.
  double z(double expected) const { return (mean_ - expected) / error(); }

 private:
  double count_ = 0;
  double mean_ = 0;
  double squares_ = 0;
};

inline double log_normal(double x, double loc, double scale) {
  const double z = (x - loc) / scale;
  return -0.5 * z * z - std::log(scale) - 0.5 * std::log(2 * M_PI);
}

inline double kl_normal(double loc, double scale, double to_loc, double to_scale) {
  const double r = scale / to_scale;
  const double d = (loc - to_loc) / to_scale;
  return 0.5 * (r * r + d * d - 1) - std::log(r);
}

inline double sigma(double x) { return 1 / (1 + std::exp(-x)); }

/// Numbers of a shape that are no pattern: fractions of multiples of the golden ratio, in [-1, 1).
inline Tensor irregular(const Shape& shape, double start = 0.3, DType dtype = f64) {
  Tensor result(Type{f64, shape});
  double x = start;
  for (double& element : result.mutable_view<double>()) {
    x = std::fmod(x + 0.6180339887498949, 1.0);
    element = 2 * x - 1;
  }
  return result.cast(dtype);
}

}  // namespace tapir::vi::test
