// OneHotCategorical: one of several, as a vector.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/one_hot_categorical.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/categorical.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

const KlRow<OneHotCategorical, OneHotCategorical> one_hot_one_hot;

}  // namespace

OneHotCategorical OneHotCategorical::probs(Arg p) { return {.logits = log_weights(name, p)}; }

Index OneHotCategorical::count(Where where) const {
  (void)batch_shape(*this, where);
  return logits.shape().back();
}

Var OneHotCategorical::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), logits}, [&] {
    return one_hot(Categorical{logits}.sample(key, shape), count(where), key_for(*this, key).dtype());
  });
}

// Chosen, not multiplied: the logarithm of what is excluded is -inf.
Var OneHotCategorical::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, logits}, [&] {
    const Index n = count(x.where);
    if (x.rank() == 0 || x.shape().back() != n)
      throw Error(name, "x is " + x.type().str() + "; its last axis has to be of " + std::to_string(n),
                  x.where);
    const Var ones = sum(x == 1, -1), zeros = sum(x == 0, -1);
    const Var inside = logical_and(ones == 1, zeros == n - 1);
    return unless(logical_not(inside), sum(where(x == 1, log_softmax(logits), 0), -1));
  });
}

Var OneHotCategorical::mean(Where where) const {
  return composed(where, name, {logits}, [&] { return softmax(logits); });
}

Var OneHotCategorical::variance(Where where) const {
  return composed(where, name, {logits}, [&] {
    const Var p = softmax(logits);
    return p * (1 - p);
  });
}

Var OneHotCategorical::entropy(Where where) const { return Categorical{logits}.entropy(where); }

Var OneHotCategorical::enumerate(Where where) const {
  const Var values = eye(count(where), logits.dtype().value_or(f64));
  return logits.dtype() ? values : Var::open(values.tensor());
}

Var kl(const OneHotCategorical& p, const OneHotCategorical& q, Where where) {
  return kl(Categorical{p.logits}, Categorical{q.logits}, where);
}

}  // namespace tapir::vi
