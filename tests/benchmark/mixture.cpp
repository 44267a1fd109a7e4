// Figure: Gaussian mixture, from primitives and with log-sum-exp, by points or by components first.
// SPDX-License-Identifier: BSD-3-Clause
#include "density.hpp"

namespace tapir::bench {
namespace {

constexpr Index n = 1000;

Var prior(const Var& loc, const Var& log_scale) { return -0.5 * (sum(square(loc)) + sum(square(log_scale))); }

// [n, 3]: log weight + log density of each point in each component, without constants.
Var terms(const Tensor& x, const Var& loc, const Var& log_scale, const Var& logits) {
  const Var z = (expand_dims(x, 1) - loc) / exp(log_scale);
  return log_softmax(logits) + sum(-0.5 * square(z) - log_scale, -1);
}

// The same as [3, n]: the points lie along the last axis.
Var terms_by_component(const Tensor& x, const Var& loc, const Var& log_scale, const Var& logits) {
  const Var z = (expand_dims(transpose(Var(x)), 0) - expand_dims(loc, 2)) / expand_dims(exp(log_scale), 2);
  return expand_dims(log_softmax(logits), 1) + sum(-0.5 * square(z) - expand_dims(log_scale, 2), 1);
}

void run(Report& report) {
  const Tensor x = numbers({n, 2}, "x", 2.0);
  const auto fused = [=](const Var& loc, const Var& log_scale, const Var& logits) {
    return sum(logsumexp(terms(x, loc, log_scale, logits), -1)) + prior(loc, log_scale);
  };
  const auto primitives = [=](const Var& loc, const Var& log_scale, const Var& logits) {
    const Var t = terms(x, loc, log_scale, logits);
    const Var most = stop_gradient(max(t, -1, true));
    return sum(log(sum(exp(t - most), -1)) + squeeze(most, 1)) + prior(loc, log_scale);
  };
  const auto by_component = [=](const Var& loc, const Var& log_scale, const Var& logits) {
    return sum(logsumexp(terms_by_component(x, loc, log_scale, logits), 0)) + prior(loc, log_scale);
  };
  measure(report, {.name = "mixture",
                   .at = {numbers({3, 2}, "loc"), numbers({3, 2}, "log_scale", 0.3), numbers({3}, "logits")},
                   .formulations = {{"log-sum-exp", recordable(fused), at_most(1.5)},
                                    {"primitives", recordable(primitives), at_most(4)},
                                    {"log-sum-exp, components first", recordable(by_component)}},
                   .by_hand = {{"hand", hand::mixture(n, x.view<double>())}}});
}

const Figure figure("mixture", "value + gradient and ADVI, Gaussian mixture, K = 3, N = 1000, D = 2, f64",
                    run);

}  // namespace
}  // namespace tapir::bench
