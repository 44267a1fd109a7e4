// RelaxedOneHotCategorical: a point of the simplex in the place of one of several.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/relaxed_one_hot_categorical.hpp>

#include <cmath>
#include <utility>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/forms.hpp>

namespace tapir::vi {

RelaxedOneHotCategorical RelaxedOneHotCategorical::probs(Var temperature, Arg p) {
  check_parameter(name, "probs", p, Support::unit_interval, p.where);
  return {.temperature = std::move(temperature),
          .logits = composed(p.where, name, {p.var}, [&] { return log(p); })};
}

Index RelaxedOneHotCategorical::count(Where where) const {
  (void)batch_shape(*this, where);
  return logits.shape().back();
}

Var RelaxedOneHotCategorical::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), temperature, logits}, [&] {
    const Var gumbel = -log(-log(uniform(key_for(*this, key), shape + Shape{count(where)})));
    return inside_unit(softmax((logits + gumbel) / expand_dims(temperature, -1)));
  });
}

Var RelaxedOneHotCategorical::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, temperature, logits}, [&] {
    const Index n = count(x.where);
    if (x.rank() == 0 || x.shape().back() != n)
      throw Error(name, "x is " + x.type().str() + "; its last axis has to be of " + std::to_string(n),
                  x.where);
    const auto degrees = static_cast<double>(n - 1);
    const Var outside = logical_or(Support::simplex.excludes(x), min(x, -1) <= 0);
    const Var log_x = log(where(expand_dims(outside, -1), 1.0 / static_cast<double>(n), x));
    const Var shares = log_softmax(logits - expand_dims(temperature, -1) * log_x);
    return unless(outside, std::lgamma(degrees + 1) + degrees * log(temperature) + sum(shares - log_x, -1));
  });
}

}  // namespace tapir::vi
