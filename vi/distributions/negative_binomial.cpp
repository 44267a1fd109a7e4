// NegativeBinomial: counts that vary more than Poisson's.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/negative_binomial.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/special_laws.hpp>
#include <tapir/autodiff/ops/special_tails.hpp>
#include <tapir/vi/distributions/forms.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

NegativeBinomial NegativeBinomial::probs(Arg concentration, Arg p) {
  check_parameter(name, "probs", p, Support::unit_interval, p.where);
  return {.concentration = concentration.var,
          .logits = composed(p.where, name, {p.var}, [&] { return logit(p); })};
}

NegativeBinomial NegativeBinomial::with_mean(Arg mean, Arg concentration) {
  check_parameter(name, "mean", mean, Support::positive, mean.where);
  return {.concentration = concentration.var,
          .logits = composed(mean.where, name, {mean.var, concentration.var},
                             [&] { return log(mean) - log(concentration); })};
}

Var NegativeBinomial::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), concentration, logits}, [&] {
    const Key own = key_for(*this, key);
    const Var log_rate = logits + log_gamma_draw(own / "rate", concentration, shape, where);
    return poisson_draw(own / "count", scaled_exp(1, log_rate), shape, where);
  });
}

Var NegativeBinomial::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, concentration, logits}, [&] {
    const Var outside = support().excludes(x);
    const Var inside = where(outside, 0, x);
    return unless(outside, event_density(inside, concentration, log_sigmoid(logits), log_sigmoid(-logits)));
  });
}

Var NegativeBinomial::mean(Where where) const {
  return composed(where, name, {concentration, logits}, [&] { return concentration * exp(logits); });
}

Var NegativeBinomial::variance(Where where) const {
  return composed(where, name, {concentration, logits},
                  [&] { return concentration * exp(logits) * (1 + exp(logits)); });
}

Var NegativeBinomial::cdf(Arg x) const {
  return composed(x.where, name, {x.var, concentration, logits}, [&] {
    const Var outside = logical_or(x < 0, x == infinity);
    const Var next = where(outside, 0, floor(x)) + 1;
    return where(outside, x > 0, beta_probability(concentration, next, sigmoid(-logits), sigmoid(logits)));
  });
}

Var NegativeBinomial::icdf(Arg p) const {
  return composed(p.where, name, {p.var, concentration, logits},
                  [&] { return negative_binomial_quantile(concentration, logits, p); });
}

Var NegativeBinomial::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, concentration, logits}, [&] {
    return between_counts(x, log_cdf_ends,
                          [&](const Var& k) { return log_betainc(concentration, k + 1, -logits); });
  });
}

Var NegativeBinomial::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, concentration, logits}, [&] {
    return between_counts(x, log_sf_ends,
                          [&](const Var& k) { return log_betainc(k + 1, concentration, logits); });
  });
}

Var NegativeBinomial::isf(Arg q) const {
  return composed(q.where, name, {q.var, concentration, logits},
                  [&] { return negative_binomial_quantile_above(concentration, logits, q); });
}

}  // namespace tapir::vi
