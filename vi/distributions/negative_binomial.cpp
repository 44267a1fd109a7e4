// NegativeBinomial: counts that vary more than Poisson's.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/negative_binomial.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
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

// The losses of x and r by logarithms of their parts of x + r events: the large terms of the Gamma functions
// do not appear.
Var NegativeBinomial::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, concentration, logits}, [&] {
    const Var outside = logical_or(logical_or(x < 0, x == infinity), x != floor(x));
    const Var inside = where(outside, 0, x), total = inside + concentration;
    const Var none = inside == 0, some = maximum(inside, 1);
    const Var log_count = log_ratio(where(none, 2, total), some) - softplus(-logits);
    const Var loss = where(none, concentration * sigmoid(logits), inside * exp_remainder(log_count));
    const Var log_rest = log_ratio(total, concentration) - softplus(logits);
    return unless(outside, factorial_rest(inside) + (stirling_rest(concentration) - stirling_rest(total)) -
                               (loss + concentration * exp_remainder(log_rest)));
  });
}

Var NegativeBinomial::mean(Where where) const {
  return composed(where, name, {concentration, logits}, [&] { return concentration * exp(logits); });
}

Var NegativeBinomial::variance(Where where) const {
  return composed(where, name, {concentration, logits},
                  [&] { return concentration * exp(logits) * (1 + exp(logits)); });
}

// By the smaller one of both probabilities, which has the digits.
Var NegativeBinomial::cdf(Arg x) const {
  return composed(x.where, name, {x.var, concentration, logits}, [&] {
    const Var outside = logical_or(x < 0, x == infinity);
    const Var next = where(outside, 0, floor(x)) + 1;
    const Var p = sigmoid(-abs(logits));
    const Var inside =
        where(logits < 0, 1 - betainc(next, concentration, p), betainc(concentration, next, p));
    return where(outside, x > 0, inside);
  });
}

}  // namespace tapir::vi
