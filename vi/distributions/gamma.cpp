// Gamma: waiting times of many events; precisions.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/gamma.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/special_laws.hpp>
#include <tapir/autodiff/ops/special_tails.hpp>
#include <tapir/vi/distributions/chi2.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/distributions/gumbel.hpp>
#include <tapir/vi/distributions/weibull.hpp>
#include <tapir/vi/kl.hpp>
#include <tapir/vi/renyi.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// Both parameters are on the straight line through those of p and q.
Between<Gamma> between(const Gamma& p, const Gamma& q, double alpha) {
  const Var a = q.concentration + alpha * (p.concentration - q.concentration);
  const Var b = q.rate + alpha * (p.rate - q.rate), exists = logical_not(logical_or(a <= 0, b <= 0));
  return {.law = {.concentration = where(exists, a, 1), .rate = where(exists, b, 1)}, .exists = exists};
}

std::optional<Var> moment_of(const Gamma& law, Moment which) {
  const Var &a = law.concentration, &b = law.rate, exists = a > 1;
  switch (which) {
    case Moment::log: return (log(a) - log(b)) - log_minus_digamma(a);
    case Moment::log_variance: return trigamma(a);
    case Moment::inverse: return where(exists, b / (where(exists, a, 2) - 1), infinity);
    default: return std::nullopt;
  }
}

// By the ratio of x to the mean of q.
std::optional<Var> cross_entropy(const Distribution& p, const Gamma& q, Where where) {
  const auto mean = real_mean(p, where), mean_log = moment(p, Moment::log, where);
  if (!mean || !mean_log) return std::nullopt;
  const Var &a = q.concentration, &b = q.rate;
  return composed(where, "kl", {*mean, *mean_log, a, b}, [&] {
    const Var loss = *mean * b / a - 1 - (*mean_log - (log(a) - log(b)));
    return tapir::where(leaves(p, 0, infinity), infinity, *mean_log + a * loss - stirling_rest(a));
  });
}

const MomentRow<Gamma, moment_of> gamma_moments;
const CrossRow<Gamma, cross_entropy> any_gamma;

const KlRow<Gamma, Gamma> gamma_gamma;
const RenyiRow<Gamma, renyi_between<Gamma, between>> gamma_renyi;
const KlRow<Gamma, Chi2> gamma_chi2;
const KlRow<Gamma, Weibull> gamma_weibull;
const KlRow<Gamma, Gumbel> gamma_gumbel;

}  // namespace

Var Gamma::icdf(Arg p) const {
  return composed(p.where, name, {p.var, concentration, rate},
                  [&] { return gamma_p_inv(concentration, p) / rate; });
}

Var Gamma::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), concentration, rate}, [&] {
    return scaled_exp(1 / rate, log_gamma_draw(key_for(*this, key), concentration, shape, where));
  });
}

Var Gamma::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, concentration, rate}, [&] {
    const Var outside = logical_or(x <= 0, x == infinity);
    const Var middle = concentration / rate, inside = where(outside, middle, x);
    const Var loss = concentration * itakura_saito(inside, middle);
    return unless(outside, stirling_rest(concentration) - log(inside) - loss);
  });
}

Var Gamma::mean(Where where) const {
  return composed(where, name, {concentration, rate}, [&] { return concentration / rate; });
}

Var Gamma::variance(Where where) const {
  return composed(where, name, {concentration, rate}, [&] { return concentration / rate / rate; });
}

Var Gamma::entropy(Where where) const {
  return composed(where, name, {concentration, rate}, [&] {
    return (log(concentration) - log(rate)) + (concentration - 1) * log_minus_digamma(concentration) -
           stirling_rest(concentration);
  });
}

Var Gamma::cdf(Arg x) const {
  return composed(x.where, name, {x.var, concentration, rate}, [&] {
    const Var outside = x <= 0;
    return where(outside, 0, gamma_p(concentration, rate * where(outside, 1, x)));
  });
}

Var Gamma::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, concentration, rate}, [&] {
    return between_ends(x, log_cdf_ends, [&](const Var& y) { return log_gamma_p(concentration, rate * y); });
  });
}

Var Gamma::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, concentration, rate}, [&] {
    return between_ends(x, log_sf_ends, [&](const Var& y) { return log_gamma_q(concentration, rate * y); });
  });
}

Var Gamma::isf(Arg q) const {
  return composed(q.where, name, {q.var, concentration, rate},
                  [&] { return gamma_q_inv(concentration, q) / rate; });
}

// What the means differ, and what the concentrations do.
Var kl(const Gamma& p, const Gamma& q, Where where) {
  return composed(where, "kl", {p.concentration, p.rate, q.concentration, q.rate}, [&] {
    const Var shift = log_ratio(p.concentration, q.concentration) - log_ratio(p.rate, q.rate);
    return q.concentration * exp_remainder(shift) + stirling_excess(p.concentration, q.concentration);
  });
}

Var kl(const Gamma& p, const Chi2& q, Where where) {
  return composed(where, "kl", {p.concentration, p.rate, q.df},
                  [&] { return kl(p, Gamma{.concentration = 0.5 * q.df, .rate = 0.5}, where); });
}

// E (x/q.scale)^k is Gamma(a + k)/Gamma(a) to the base of the rates.
Var kl(const Gamma& p, const Weibull& q, Where where) {
  const Var &a = p.concentration, &k = q.concentration;
  return composed(where, "kl", {a, p.rate, q.scale, k}, [&] {
    const Var log_scales = log(p.rate * q.scale);
    const Var power = exp(lgamma(k) - lbeta(a, k) - k * log_scales);
    return k * (log_scales - log(a)) + stirling_rest(a) + (k - a) * log_minus_digamma(a) - log(k) + power;
  });
}

Var kl(const Gamma& p, const Gumbel& q, Where where) {
  return composed(where, "kl", {p.concentration, p.rate, q.loc, q.scale}, [&] {
    const Var shift = p.concentration / p.rate / q.scale - q.loc / q.scale;
    const Var power = exp(q.loc / q.scale - p.concentration * log1p(1 / (p.rate * q.scale)));
    return (log(q.scale) + shift + power) - p.entropy(where);
  });
}

}  // namespace tapir::vi
