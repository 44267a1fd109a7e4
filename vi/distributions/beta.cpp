// Beta: probabilities.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/beta.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/special_laws.hpp>
#include <tapir/autodiff/ops/special_tails.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>
#include <tapir/vi/renyi.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Between<Beta> between(const Beta& p, const Beta& q, double alpha) {
  const Var a = q.concentration1 + alpha * (p.concentration1 - q.concentration1);
  const Var b = q.concentration0 + alpha * (p.concentration0 - q.concentration0);
  const Var exists = logical_not(logical_or(a <= 0, b <= 0));
  return {.law = {.concentration1 = where(exists, a, 1), .concentration0 = where(exists, b, 1)},
          .exists = exists};
}

const KlRow<Beta, Beta> beta_beta;
const RenyiRow<Beta, renyi_between<Beta, between>> beta_renyi;

// What a density has beside its ratios: log B as far as it is not in them.
Var rests(const Beta& law) {
  return stirling_rest(law.concentration1) + stirling_rest(law.concentration0) -
         stirling_rest(law.concentration1 + law.concentration0);
}

// The expectation of -log(x/mean) for one side of concentration `own`.
Var mean_loss(const Var& own, const Var& other) {
  return log_minus_digamma(own) - log_minus_digamma(own + other);
}

std::optional<Var> moment_of(const Beta& law, Moment which) {
  const Var &a = law.concentration1, &b = law.concentration0, exists = a > 1;
  switch (which) {
    case Moment::log: return -digamma_difference(a, b);
    case Moment::log_variance: return trigamma(a) - trigamma(a + b);
    case Moment::inverse: return where(exists, 1 + b / (where(exists, a, 2) - 1), infinity);
    case Moment::log_rest: return -digamma_difference(b, a);
    default: return std::nullopt;
  }
}

// By the ratios of x and 1 - x to the means of q.
std::optional<Var> cross_entropy(const Distribution& p, const Beta& q, Where where) {
  const auto mean_log = moment(p, Moment::log, where), mean_rest = moment(p, Moment::log_rest, where);
  if (!mean_log || !mean_rest) return std::nullopt;
  const Var &a = q.concentration1, &b = q.concentration0;
  return composed(where, "kl", {*mean_log, *mean_rest, a, b}, [&] {
    const Var loss = a * (log(a / (a + b)) - *mean_log) + b * (log(b / (a + b)) - *mean_rest);
    return tapir::where(leaves(p, 0, 1), infinity, (*mean_log + *mean_rest) + loss - rests(q));
  });
}

const MomentRow<Beta, moment_of> beta_moments;
const CrossRow<Beta, cross_entropy> any_beta;

}  // namespace

Var Beta::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), concentration1, concentration0}, [&] {
    const Key own = key_for(*this, key);
    const Var log_odds = log_gamma_draw(own / "1", concentration1, shape, where) -
                         log_gamma_draw(own / "0", concentration0, shape, where);
    return inside_unit(sigmoid(log_odds));
  });
}

Var Beta::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, concentration1, concentration0}, [&] {
    const Var outside = logical_or(x <= 0, x >= 1);
    const Var total = concentration1 + concentration0;
    const Var inside = where(outside, 0.5, x), rest = 1 - inside;
    const Var loss1 = concentration1 * itakura_saito(inside, concentration1 / total);
    const Var loss0 = concentration0 * itakura_saito(rest, concentration0 / total);
    return unless(outside, rests(*this) - (log(inside) + log1p(-inside)) - (loss1 + loss0));
  });
}

Var Beta::mean(Where where) const {
  return composed(where, name, {concentration1, concentration0},
                  [&] { return concentration1 / (concentration1 + concentration0); });
}

Var Beta::variance(Where where) const {
  return composed(where, name, {concentration1, concentration0}, [&] {
    const Var total = concentration1 + concentration0;
    return (concentration1 / total) * (concentration0 / total) / (total + 1);
  });
}

Var Beta::entropy(Where where) const {
  return composed(where, name, {concentration1, concentration0}, [&] {
    const Var total = concentration1 + concentration0;
    const auto side = [&](const Var& own, const Var& other) {
      return log(own / total) + (own - 1) * mean_loss(own, other);
    };
    return side(concentration1, concentration0) + side(concentration0, concentration1) - rests(*this);
  });
}

Var Beta::cdf(Arg x) const {
  return composed(x.where, name, {x.var, concentration1, concentration0}, [&] {
    const Var outside = logical_or(x <= 0, x >= 1);
    return where(outside, x >= 1, betainc(concentration1, concentration0, where(outside, 0.5, x)));
  });
}

Var Beta::icdf(Arg p) const {
  return composed(p.where, name, {p.var, concentration1, concentration0},
                  [&] { return betainc_inv(concentration1, concentration0, p); });
}

// The logit has the digits of x and of 1 - x.
Var Beta::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, concentration1, concentration0}, [&] {
    return between_ends(x, 0, 1, 0.5, log_cdf_ends,
                        [&](const Var& y) { return log_betainc(concentration1, concentration0, logit(y)); });
  });
}

Var Beta::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, concentration1, concentration0}, [&] {
    return between_ends(x, 0, 1, 0.5, log_sf_ends,
                        [&](const Var& y) { return log_betainc(concentration0, concentration1, -logit(y)); });
  });
}

Var Beta::isf(Arg q) const {
  return composed(q.where, name, {q.var, concentration1, concentration0},
                  [&] { return betaincc_inv(concentration1, concentration0, q); });
}

// The means' loss and that of the concentrations' rests, of both sides, less the latter of their sum.
Var kl(const Beta& p, const Beta& q, Where where) {
  const Var a = p.concentration1, b = p.concentration0, c = q.concentration1, d = q.concentration0;
  return composed(where, "kl", {a, b, c, d}, [&] {
    const Var total = log_ratio(a + b, c + d);
    const auto side = [&](const Var& of_p, const Var& of_q) {
      return of_q * exp_remainder(log_ratio(of_p, of_q) - total) + stirling_excess(of_p, of_q);
    };
    return (side(a, c) + side(b, d)) - stirling_excess(a + b, c + d);
  });
}

}  // namespace tapir::vi
