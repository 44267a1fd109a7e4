// GammaPoisson: Poisson counts of a rate that is a gamma variable.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/gamma_poisson.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
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

}  // namespace tapir::vi
