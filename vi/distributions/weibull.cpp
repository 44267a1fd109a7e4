// Weibull: the law of minima; a power of a waiting time.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/weibull.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/distributions/gamma.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double euler = 0.57721566490153286061;
constexpr double pi_squared_over_6 = 1.64493406684822643647;

// log(E x^2 / (E x)^2) = log Gamma(1 + 2 h) - 2 log Gamma(1 + h), h = 1/concentration. About 0 by its series,
// whose terms are zeta(n) (2^n - 2)/n (-h)^n from n = 2 on.
Var log_second_moment(const Var& h) {
  static constexpr double series[] = {
      1.6449340668482264365, -2.4041138063191885708, 3.7881313179889836703, -6.221566530860219558,
      10.512544973839307777, -18.150286992874610883, 31.879456059284732775, -56.78047559347799215,
      102.30164557806300832, -186.09191908036622041, 341.25062319577026248, -630.07730940897444816,
      1170.2145262106094073, -2184.4668169433890556, 4095.937594224255412,  -7710.0588827937882072,
      14563.500037382837422, -27594.052655221700589, 52428.750014989285307, -99864.333342857773431};
  const Var small = h < 0.0625;
  const Var near = where(small, h, 0), far = where(small, 1, h);
  return where(small, square(near) * polynomial(near, series), lgamma(1 + 2 * far) - 2 * lgamma(1 + far));
}

std::optional<Var> moment_of(const Weibull& law, Moment which) {
  const Var &s = law.scale, &k = law.concentration, exists = k > 1;
  switch (which) {
    case Moment::log: return log(s) - euler / k;
    case Moment::log_variance: return pi_squared_over_6 / square(k);
    case Moment::inverse: return where(exists, exp(lgamma(1 - 1 / where(exists, k, 2))) / s, infinity);
    default: return std::nullopt;
  }
}

const MomentRow<Weibull, moment_of> weibull_moments;

const KlRow<Weibull, Weibull> weibull_weibull;
const KlRow<Weibull, Gamma> weibull_gamma;

}  // namespace

Var Weibull::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), scale, concentration},
                  [&] { return icdf(uniform(key_for(*this, key), shape)); });
}

Var Weibull::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, scale, concentration}, [&] {
    const Var outside = logical_or(x <= 0, x == infinity);
    const Var inside = where(outside, scale, x);
    const Var power = concentration * log_ratio(inside, scale);
    return unless(outside, (log(concentration) - log(inside)) + (power - exp(power)));
  });
}

Var Weibull::mean(Where where) const {
  return composed(where, name, {scale, concentration},
                  [&] { return scale * exp(lgamma(1 + 1 / concentration)); });
}

Var Weibull::variance(Where where) const {
  return composed(where, name, {scale, concentration}, [&] {
    const Var h = 1 / concentration;
    return square(scale * exp(lgamma(1 + h))) * expm1(log_second_moment(h));
  });
}

Var Weibull::entropy(Where where) const {
  return composed(where, name, {scale, concentration},
                  [&] { return euler * (1 - 1 / concentration) + log(scale) - log(concentration) + 1; });
}

Var Weibull::cdf(Arg x) const {
  return composed(x.where, name, {x.var, scale, concentration}, [&] {
    const Var outside = x <= 0;
    const Var power = concentration * log_ratio(where(outside, scale, x), scale);
    return where(outside, 0, -expm1(-exp(power)));
  });
}

Var Weibull::icdf(Arg p) const {
  return composed(p.where, name, {p.var, scale, concentration},
                  [&] { return scaled_exp(scale, log(-log1p(-p)) / concentration); });
}

Var Weibull::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, scale, concentration}, [&] {
    const Var outside = logical_or(x <= 0, x == infinity);
    const Var power = concentration * log_ratio(where(outside, scale, x), scale);
    return where(outside, where(x <= 0, -infinity, 0), log_cloglog(power));
  });
}

Var Weibull::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, scale, concentration}, [&] {
    const Var outside = logical_or(x <= 0, x == infinity);
    const Var power = concentration * log_ratio(where(outside, scale, x), scale);
    return where(outside, where(x <= 0, 0, -infinity), -exp(power));
  });
}

Var Weibull::isf(Arg q) const {
  return composed(q.where, name, {q.var, scale, concentration},
                  [&] { return scaled_exp(scale, log(-log(q)) / concentration); });
}

Var kl(const Weibull& p, const Weibull& q, Where where) {
  return composed(where, "kl", {p.scale, p.concentration, q.scale, q.concentration}, [&] {
    const Var ratio = q.concentration / p.concentration;
    const Var shift = q.concentration * log_ratio(p.scale, q.scale);
    return (expm1(shift + lgamma(1 + ratio)) - shift) + (euler * (ratio - 1) - log(ratio));
  });
}

// With the ratio of both means, so that what is left of large concentrations of q is of one size.
Var kl(const Weibull& p, const Gamma& q, Where where) {
  const Var &k = p.concentration, &a = q.concentration;
  return composed(where, "kl", {p.scale, k, a, q.rate}, [&] {
    const Var log_mean = lgamma(1 + 1 / k);
    const Var loss = a * exp_remainder(log_ratio(q.rate * p.scale * exp(log_mean), a));
    return loss + a * (log_mean + euler / k) - stirling_rest(a) + (log(k) - (1 + euler));
  });
}

}  // namespace tapir::vi
