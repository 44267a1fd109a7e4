// GammaPoisson: Poisson counts of a rate that is a gamma variable.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/gamma_poisson.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special_laws.hpp>
#include <tapir/autodiff/ops/special_tails.hpp>
#include <tapir/vi/distributions/forms.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

Var GammaPoisson::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), concentration, rate}, [&] {
    const Key own = key_for(*this, key);
    const Var log_rate = log_gamma_draw(own / "rate", concentration, shape, where);
    return poisson_draw(own / "count", scaled_exp(1 / rate, log_rate), shape, where);
  });
}

Var GammaPoisson::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, concentration, rate}, [&] {
    const Var outside = support().excludes(x), inside = where(outside, 0, x);
    return unless(outside, event_density(inside, concentration, -log1p(rate), -log1p(1 / rate)));
  });
}

Var GammaPoisson::mean(Where where) const {
  return composed(where, name, {concentration, rate}, [&] { return concentration / rate; });
}

Var GammaPoisson::variance(Where where) const {
  return composed(where, name, {concentration, rate}, [&] { return concentration / rate * (1 + 1 / rate); });
}

Var GammaPoisson::cdf(Arg x) const {
  return composed(x.where, name, {x.var, concentration, rate}, [&] {
    const Var outside = logical_or(x < 0, x == infinity);
    const Var next = where(outside, 0, floor(x)) + 1;
    return where(outside, x > 0, beta_probability(concentration, next, 1 / (1 + 1 / rate), 1 / (1 + rate)));
  });
}

Var GammaPoisson::icdf(Arg p) const {
  return composed(p.where, name, {p.var, concentration, rate},
                  [&] { return negative_binomial_quantile(concentration, -log(rate), p); });
}

Var GammaPoisson::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, concentration, rate}, [&] {
    return between_counts(x, log_cdf_ends,
                          [&](const Var& k) { return log_betainc(concentration, k + 1, log(rate)); });
  });
}

Var GammaPoisson::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, concentration, rate}, [&] {
    return between_counts(x, log_sf_ends,
                          [&](const Var& k) { return log_betainc(k + 1, concentration, -log(rate)); });
  });
}

Var GammaPoisson::isf(Arg q) const {
  return composed(q.where, name, {q.var, concentration, rate},
                  [&] { return negative_binomial_quantile_above(concentration, -log(rate), q); });
}

}  // namespace tapir::vi
