// RelaxedBernoulli: a coin that may stand on its edge.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/relaxed_bernoulli.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/vi/distributions/forms.hpp>

namespace tapir::vi {

RelaxedBernoulli RelaxedBernoulli::probs(Var temperature, Arg p) {
  check_parameter(name, "probs", p, Support::unit_interval, p.where);
  return {.temperature = std::move(temperature),
          .logits = composed(p.where, name, {p.var}, [&] { return logit(p); })};
}

Var RelaxedBernoulli::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), temperature, logits},
                  [&] { return inside_unit(icdf(uniform(key_for(*this, key), shape))); });
}

Var RelaxedBernoulli::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, temperature, logits}, [&] {
    const Var outside = logical_or(x <= 0, x >= 1);
    const Var inside = where(outside, 0.5, x);
    const Var log_x = log(inside), log_rest = log1p(-inside);
    const Var d = logits - temperature * (log_x - log_rest);
    return unless(outside, log(temperature) + (log_sigmoid(d) + log_sigmoid(-d)) - (log_x + log_rest));
  });
}

Var RelaxedBernoulli::cdf(Arg x) const {
  return composed(x.where, name, {x.var, temperature, logits}, [&] {
    const Var outside = logical_or(x <= 0, x >= 1);
    const Var below = sigmoid(temperature * logit(where(outside, 0.5, x)) - logits);
    return where(outside, x >= 1, below);
  });
}

Var RelaxedBernoulli::icdf(Arg p) const {
  return composed(p.where, name, {p.var, temperature, logits},
                  [&] { return sigmoid((logits + logit(p)) / temperature); });
}

}  // namespace tapir::vi
