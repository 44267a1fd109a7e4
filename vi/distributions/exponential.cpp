// Exponential: waiting times without memory.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/exponential.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/vi/distributions/chi2.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/distributions/gamma.hpp>
#include <tapir/vi/distributions/gumbel.hpp>
#include <tapir/vi/distributions/weibull.hpp>
#include <tapir/vi/kl.hpp>
#include <tapir/vi/renyi.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double euler = 0.57721566490153286061;
constexpr double pi_squared_over_6 = 1.64493406684822643647;

std::optional<Var> cross_entropy(const Distribution& p, const Exponential& q, Where where) {
  const auto mean = p.is_circular() ? std::nullopt : p.mean(where);
  if (!mean) return std::nullopt;
  return composed(where, "kl", {*mean, q.rate}, [&] {
    return tapir::where(leaves(p, 0, infinity), infinity, q.rate * *mean - log(q.rate));
  });
}

Gamma gamma_of(const Exponential& law) { return {.concentration = 1.0, .rate = law.rate}; }

Var renyi_of(const Exponential& p, const Exponential& q, double alpha) {
  const Var ratio = q.rate / p.rate, exists = logical_not((1 - alpha) * (ratio - 1) <= -1);
  const Var t = where(exists, (1 - alpha) * (ratio - 1), 0);
  return where(exists, (ratio - 1) * log1p_ratio(t) - log(ratio), infinity);
}

std::optional<Var> moment_of(const Exponential& law, Moment which) {
  switch (which) {
    case Moment::log: return -euler - log(law.rate);
    case Moment::log_variance: return Var(pi_squared_over_6);
    case Moment::inverse: return Var(infinity);
    default: return std::nullopt;
  }
}

const MomentRow<Exponential, moment_of> exponential_moments;

const KlRow<Exponential, Exponential> exponential_exponential;
const RenyiRow<Exponential, renyi_of> exponential_renyi;
const KlRow<Exponential, Gamma> exponential_gamma;
const KlRow<Exponential, Chi2> exponential_chi2;
const KlRow<Exponential, Weibull> exponential_weibull;
const KlRow<Exponential, Gumbel> exponential_gumbel;
const CrossRow<Exponential, cross_entropy> any_exponential;

}  // namespace

Var Exponential::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), rate},
                  [&] { return icdf(uniform(key_for(*this, key), shape)); });
}

Var Exponential::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, rate}, [&] {
    const Var outside = x < 0;
    return unless(outside, log(rate) - rate * where(outside, 0, x));
  });
}

Var Exponential::mean(Where where) const {
  return composed(where, name, {rate}, [&] { return 1 / rate; });
}

Var Exponential::variance(Where where) const {
  return composed(where, name, {rate}, [&] { return 1 / square(rate); });
}

Var Exponential::entropy(Where where) const {
  return composed(where, name, {rate}, [&] { return 1 - log(rate); });
}

Var Exponential::cdf(Arg x) const {
  return composed(x.where, name, {x.var, rate}, [&] { return -expm1(-rate * maximum(x, 0)); });
}

Var Exponential::icdf(Arg p) const {
  return composed(p.where, name, {p.var, rate}, [&] { return -log1p(-p) / rate; });
}

Var Exponential::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, rate}, [&] {
    const Var outside = x <= 0;
    return where(outside, -infinity, log1mexp(rate * where(outside, 1, x)));
  });
}

Var Exponential::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, rate}, [&] { return -rate * maximum(x, 0); });
}

Var Exponential::isf(Arg q) const {
  return composed(q.where, name, {q.var, rate}, [&] { return -log(q) / rate; });
}

Var kl(const Exponential& p, const Exponential& q, Where where) {
  return composed(where, "kl", {p.rate, q.rate}, [&] { return itakura_saito(q.rate, p.rate); });
}

Var kl(const Exponential& p, const Gamma& q, Where where) {
  return composed(where, "kl", {p.rate, q.concentration, q.rate}, [&] { return kl(gamma_of(p), q, where); });
}

Var kl(const Exponential& p, const Chi2& q, Where where) {
  return composed(where, "kl", {p.rate, q.df}, [&] { return kl(gamma_of(p), q, where); });
}

Var kl(const Exponential& p, const Weibull& q, Where where) {
  return composed(where, "kl", {p.rate, q.scale, q.concentration},
                  [&] { return kl(Weibull{.scale = 1 / p.rate, .concentration = 1.0}, q, where); });
}

Var kl(const Exponential& p, const Gumbel& q, Where where) {
  return composed(where, "kl", {p.rate, q.loc, q.scale}, [&] { return kl(gamma_of(p), q, where); });
}

}  // namespace tapir::vi
