// Categorical: one of several.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/categorical.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>
#include <tapir/vi/renyi.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

bool is_listed(const Categorical&) { return true; }

const FiniteRow<Categorical, is_listed> categorical_values;

const KlRow<Categorical, Categorical> categorical_categorical;

// The sum over categories of p * log_ratio, where p = 0 adds nothing.
Var expected(const Var& log_p, const Var& log_ratio) {
  const Var p = exp(log_p);
  return sum(p * where(p > 0, log_ratio, 0), -1);
}

// Logits weighed; a category that is excluded once stays so, for alpha above 1 unless it is q alone that
// excludes it.
Between<Categorical> between(const Categorical& p, const Categorical& q, double alpha) {
  const Var never_p = p.logits == -infinity, never_q = q.logits == -infinity;
  const Var never = logical_or(never_p, never_q), kept = logical_not(never);
  const Var missing = logical_and(never_q, logical_not(never_p));
  const Var shared = max(kept, -1),
            exists = alpha < 1 ? shared : logical_and(shared, logical_not(max(missing, -1)));
  const Var some_p = where(kept, p.logits, 0), some_q = where(kept, q.logits, 0);
  const Var logits = where(kept, some_q + alpha * (some_p - some_q), -infinity);
  return {.law = {.logits = where(expand_dims(exists, -1), logits, 0)}, .exists = exists};
}

const RenyiRow<Categorical, renyi_between<Categorical, between>> categorical_renyi;

}  // namespace

Categorical Categorical::probs(Arg p) { return {.logits = log_weights(name, p)}; }

Index Categorical::count(Where where) const {
  (void)batch_shape(*this, where);
  return logits.shape().back();
}

// The number of values below u on the scale of the running sums: never one of probability 0, whatever was
// rounded.
Var Categorical::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), logits}, [&] {
    const Index n = count(where);
    const Var below = cumsum(softmax(logits));
    const Var u = expand_dims(uniform(key_for(*this, key), shape), -1) * slice(below, -1, n - 1, n);
    return cast(sum(below < u, -1), i64);
  });
}

Var Categorical::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, logits}, [&] {
    const Index n = count(x.where);
    Shape joint;
    if (!broadcast_shapes(x.shape(), batch_shape(*this, x.where), joint))
      throw Error(name, "shapes do not broadcast: x " + x.type().str() + " and logits " + logits.type().str(),
                  x.where);
    return density_of_category(x, n,
                               [&](const Var& known) { return element_at(log_softmax(logits), known); });
  });
}

Var Categorical::entropy(Where where) const {
  return composed(where, name, {logits}, [&] {
    (void)count(where);
    const Var log_p = log_softmax(logits);
    return -expected(log_p, log_p);
  });
}

Var Categorical::enumerate(Where where) const { return iota(count(where)); }

Var kl(const Categorical& p, const Categorical& q, Where where) {
  return composed(where, "kl", {p.logits, q.logits}, [&] {
    if (p.count(where) != q.count(where))
      throw Error("kl",
                  "categoricals over " + std::to_string(p.count(where)) + " and " +
                      std::to_string(q.count(where)) + " categories",
                  where);
    return choice_divergence(p.logits, q.logits);
  });
}

}  // namespace tapir::vi
