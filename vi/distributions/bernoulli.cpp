// Bernoulli: a coin.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/bernoulli.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>
#include <tapir/vi/renyi.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

bool is_listed(const Bernoulli&) { return true; }

const FiniteRow<Bernoulli, is_listed> bernoulli_values;

const KlRow<Bernoulli, Bernoulli> bernoulli_bernoulli;

// Logits weighed; an outcome that is excluded once stays so, for alpha above 1 unless it is p that excludes
// it.
Between<Bernoulli> between(const Bernoulli& p, const Bernoulli& q, double alpha) {
  const auto excludes = [](const Bernoulli& law, double sign) { return law.logits == -sign * infinity; };
  const auto excluded = [&](double sign) {
    return alpha < 1 ? logical_or(excludes(p, sign), excludes(q, sign)) : excludes(p, sign);
  };
  const auto missing = [&](double sign) {
    return alpha < 1 ? Var(0.0) : logical_and(excludes(q, sign), logical_not(excludes(p, sign)));
  };
  const Var one = excluded(1), zero = excluded(-1), edge = logical_or(one, zero);
  const Var exists = logical_not(logical_or(logical_and(one, zero), logical_or(missing(1), missing(-1))));
  const Var inside = logical_and(exists, logical_not(logical_or(edge, abs(q.logits) == infinity)));
  const Var some_p = where(inside, p.logits, 0), some_q = where(inside, q.logits, 0);
  const Var logits = some_q + alpha * (some_p - some_q);
  return {.law = {.logits = where(logical_and(exists, edge), where(one, -infinity, infinity), logits)},
          .exists = exists};
}

const RenyiRow<Bernoulli, renyi_between<Bernoulli, between>> bernoulli_renyi;

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
// where x is. Chosen, not multiplied: what is outside leaves no trace in the gradient. Where tosses are more than
// coins, both outcomes of each coin are taken before one is chosen.
Var Bernoulli::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, logits}, [&] {
    const auto chosen = [&](const Var& one, const Var& zero) {
      return tapir::where(x == 1, one, tapir::where(x, minimum(stop_gradient(x), -infinity), zero));
    };
    const bool few = 2 * logits.shape().size() <= x.shape().size();
    return few ? chosen(log_sigmoid(logits), log_sigmoid(-logits)) : log_sigmoid(chosen(logits, -logits));
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

Var Bernoulli::cdf(Arg x) const {
  return composed(x.where, name, {x.var, logits}, [&] {
    return tapir::where(isnan(x), x, tapir::where(x < 0, 0, tapir::where(x < 1, sigmoid(-logits), 1)));
  });
}

Var Bernoulli::icdf(Arg p) const {
  return composed(p.where, name, {p.var, logits},
                  [&] { return tapir::where(isnan(p), p, p > sigmoid(-logits)); });
}

Var Bernoulli::enumerate(Where) const {
  const Tensor values({2}, {0.0, 1.0});
  return logits.dtype() ? Var(values.cast(*logits.dtype())) : Var::open(values);
}

Var kl(const Bernoulli& p, const Bernoulli& q, Where where) {
  return composed(where, "kl", {p.logits, q.logits}, [&] { return coin_divergence(p.logits, q.logits); });
}

}  // namespace tapir::vi
