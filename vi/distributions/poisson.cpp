// Poisson: the number of events in a time.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/poisson.hpp>

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

// To the mean between both, from the nearer one, by the divergences from there.
Var renyi_of(const Poisson& p, const Poisson& q, double alpha) {
  const double rest = 1 - alpha;
  const Var shift = log_ratio(p.rate, q.rate);
  const Var mean = alpha < 0.5 ? q.rate * exp(alpha * shift) : p.rate * exp(-rest * shift);
  return mean * (exp_remainder(-alpha * shift) + alpha / rest * exp_remainder(rest * shift));
}

const KlRow<Poisson, Poisson> poisson_poisson;
const RenyiRow<Poisson, renyi_of> poisson_renyi;

}  // namespace

Var Poisson::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), rate},
                  [&] { return poisson_draw(key_for(*this, key), rate, shape, where); });
}

Var Poisson::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, rate}, [&] {
    const Var outside = support().excludes(x);
    const Var inside = where(outside, 0, x);
    return unless(outside, factorial_rest(inside) - count_loss(inside, rate));
  });
}

Var Poisson::mean(Where) const { return rate; }
Var Poisson::variance(Where) const { return rate; }

Var Poisson::cdf(Arg x) const {
  return composed(x.where, name, {x.var, rate}, [&] {
    const Var outside = logical_or(x < 0, x == infinity);
    return where(outside, x > 0, gamma_q(where(outside, 0, floor(x)) + 1, rate));
  });
}

Var Poisson::icdf(Arg p) const {
  return composed(p.where, name, {p.var, rate}, [&] { return poisson_quantile(rate, p); });
}

Var Poisson::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, rate}, [&] {
    return between_counts(x, log_cdf_ends, [&](const Var& k) { return log_gamma_q(k + 1, rate); });
  });
}

Var Poisson::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, rate}, [&] {
    return between_counts(x, log_sf_ends, [&](const Var& k) { return log_gamma_p(k + 1, rate); });
  });
}

Var Poisson::isf(Arg q) const {
  return composed(q.where, name, {q.var, rate}, [&] { return poisson_quantile_above(rate, q); });
}

Var kl(const Poisson& p, const Poisson& q, Where where) {
  return composed(where, "kl", {p.rate, q.rate}, [&] { return p.rate * itakura_saito(q.rate, p.rate); });
}

}  // namespace tapir::vi
