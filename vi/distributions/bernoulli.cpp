// Bernoulli: a coin.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/bernoulli.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/kl.hpp>
#include <tapir/vi/renyi.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

const KlRow<Bernoulli, Bernoulli> bernoulli_bernoulli;

// p (log p - log q) of one outcome, 0 where p is.
Var divergence(const Var& p_logits, const Var& q_logits) {
  const Var p = sigmoid(p_logits);
  return p * where(p > 0, log_sigmoid(p_logits) - log_sigmoid(q_logits), 0);
}

// log of p^alpha q^(1 - alpha) of one outcome.
Var log_between(const Var& p_logits, const Var& q_logits, double alpha) {
  const Var log_p = log_sigmoid(p_logits), none = log_p == -infinity;
  return where(none, -infinity, alpha * where(none, 0, log_p) + (1 - alpha) * log_sigmoid(q_logits));
}

Var renyi_of(const Bernoulli& p, const Bernoulli& q, double alpha) {
  return logaddexp(log_between(p.logits, q.logits, alpha), log_between(-p.logits, -q.logits, alpha)) /
         (alpha - 1);
}

const RenyiRow<Bernoulli, renyi_of> bernoulli_renyi;

}  // namespace

Bernoulli Bernoulli::probs(Arg p) {
  check_parameter(name, "probs", p, Support::unit_interval, p.where);
  return {.logits = composed(p.where, name, {p.var}, [&] { return log(p) - log1p(-p); })};
}

Var Bernoulli::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), logits},
                  [&] { return uniform(key_for(*this, key), shape) < sigmoid(logits); });
}

// One logarithm for both outcomes, exact in both tails; log sigmoid(-inf) = -inf outside the support, and NaN
// where x is. Chosen, not multiplied: what is outside leaves no trace in the gradient.
Var Bernoulli::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, logits}, [&] {
    const Var others = tapir::where(x, minimum(stop_gradient(x), -infinity), -logits);
    return log_sigmoid(tapir::where(x == 1, logits, others));
  });
}

Var Bernoulli::mean(Where where) const {
  return composed(where, name, {logits}, [&] { return sigmoid(logits); });
}

Var Bernoulli::variance(Where where) const {
  return composed(where, name, {logits}, [&] { return sigmoid(logits) * sigmoid(-logits); });
}

// softplus(l) - l sigmoid(l) without its cancellation; a coin that always falls alike has none.
Var Bernoulli::entropy(Where where) const {
  return composed(where, name, {logits}, [&] {
    const Var sure = abs(logits) == infinity;
    const Var l = tapir::where(sure, 0, logits);
    return tapir::where(sure, 0, sigmoid(l) * softplus(-l) + sigmoid(-l) * softplus(l));
  });
}

Var Bernoulli::enumerate(Where) const {
  const Tensor values({2}, {0.0, 1.0});
  return logits.dtype() ? Var(values.cast(*logits.dtype())) : Var::open(values);
}

Var kl(const Bernoulli& p, const Bernoulli& q, Where where) {
  return composed(where, "kl", {p.logits, q.logits},
                  [&] { return divergence(p.logits, q.logits) + divergence(-p.logits, -q.logits); });
}

}  // namespace tapir::vi
