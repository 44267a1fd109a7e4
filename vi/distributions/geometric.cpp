// Geometric: failures before the first success.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/geometric.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

const KlRow<Geometric, Geometric> geometric_geometric;

}  // namespace

Geometric Geometric::probs(Arg p) {
  check_parameter(name, "probs", p, Support::unit_interval, p.where);
  return {.logits = composed(p.where, name, {p.var}, [&] { return logit(p); })};
}

// By the exponential waiting time of which it is the whole part.
Var Geometric::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), logits}, [&] {
    const Var waiting = -log(uniform(key_for(*this, key), shape));
    return at_most_largest(floor(waiting / softplus(logits)));
  });
}

Var Geometric::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, logits}, [&] {
    const Var outside = support().excludes(x);
    return unless(outside, -(where(outside, 0, x) * softplus(logits)) - softplus(-logits));
  });
}

Var Geometric::mean(Where where) const {
  return composed(where, name, {logits}, [&] { return exp(-logits); });
}

Var Geometric::variance(Where where) const {
  return composed(where, name, {logits}, [&] { return exp(-logits) * (1 + exp(-logits)); });
}

Var Geometric::entropy(Where where) const {
  return composed(where, name, {logits}, [&] { return exp(-logits) * softplus(logits) + softplus(-logits); });
}

Var Geometric::cdf(Arg x) const {
  return composed(x.where, name, {x.var, logits},
                  [&] { return -expm1(-softplus(logits) * maximum(floor(x) + 1, 0)); });
}

Var Geometric::icdf(Arg p) const {
  return composed(p.where, name, {p.var, logits},
                  [&] { return maximum(ceil(-log1p(-p) / softplus(logits)) - 1, 0); });
}

Var Geometric::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, logits}, [&] {
    return between_counts(x, log_cdf_ends,
                          [&](const Var& k) { return log1mexp(softplus(logits) * (k + 1)); });
  });
}

Var Geometric::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, logits}, [&] {
    return between_counts(x, log_sf_ends, [&](const Var& k) { return -softplus(logits) * (k + 1); });
  });
}

Var Geometric::isf(Arg q) const {
  return composed(q.where, name, {q.var, logits},
                  [&] { return maximum(ceil(-log(q) / softplus(logits)) - 1, 0); });
}

Var kl(const Geometric& p, const Geometric& q, Where where) {
  return composed(where, "kl", {p.logits, q.logits}, [&] {
    const Var step = q.logits - p.logits;
    const Var success = exp_remainder(log_sigmoid_ratio(q.logits, p.logits, step));
    return success + exp(-p.logits) * exp_remainder(log_sigmoid_ratio(-q.logits, -p.logits, -step));
  });
}

}  // namespace tapir::vi
