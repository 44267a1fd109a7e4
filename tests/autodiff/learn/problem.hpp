// A small function of two parameters with its gradient by hand: what optimizers are tried on.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <vector>

#include <tapir/autodiff/learn/trainer.hpp>
#include <tapir/autodiff/ops/ops.hpp>

#include "values.hpp"

namespace tapir::test {

/// sum(c w^2) + b^2 sum(w), w of three elements and b a scalar: the four numbers are one vector here.
inline const std::vector<double> problem_c = {0.5, 2.0, 1.25};
inline const std::vector<double> problem_start = {1.0, -2.0, 0.5, 0.75};

inline Params problem_params(DType dtype = DType::f64) {
  Params params(0, dtype);
  Scope(params).param("w", vector_of({1.0, -2.0, 0.5}, dtype));
  Scope(params).param("b", 0.75);
  return params;
}

inline auto problem_loss(const Params& params) {
  return [w = params["w"], b = params["b"]](Var c) { return sum(c * square(w)) + square(b) * sum(w); };
}

inline std::vector<double> problem_gradient(const std::vector<double>& x) {
  std::vector<double> g;
  double total = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    g.push_back(2 * problem_c[i] * x[i] + x[3] * x[3]);
    total += x[i];
  }
  g.push_back(2 * x[3] * total);
  return g;
}

inline std::vector<double> problem_values(const Values& values) {
  std::vector<double> x = numbers(values.at("w"));
  x.push_back(values.at("b").item());
  return x;
}

/// A textbook loop: x and its gradient and t = 1, 2, .. to the next x. It keeps what it remembers itself.
using ByHand = std::function<void(std::vector<double>& x, const std::vector<double>& g, int t)>;

/// Both go the same way for some steps: 1e-14 is some fifty roundings of f64.
inline void check_optimizer(const Optimizer& optimizer, const ByHand& by_hand, int steps = 12) {
  const Params params = problem_params();
  Trainer trainer(params, problem_loss(params), optimizer);
  std::vector<double> x = problem_start;
  for (int t = 1; t <= steps; ++t) {
    CAPTURE(t);
    by_hand(x, problem_gradient(x), t);
    trainer.step(vector_of(problem_c));
    check_close(problem_values(params.values()), x, 1e-14);
  }
  CHECK(trainer.state().steps() == steps);
}

}  // namespace tapir::test
