// Kumaraswamy: a law of the unit interval like Beta, with a closed distribution function.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/kumaraswamy.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/vi/distributions/forms.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

Var Kumaraswamy::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), concentration1, concentration0},
                  [&] { return inside_unit(icdf(uniform(key_for(*this, key), shape))); });
}

Var Kumaraswamy::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, concentration1, concentration0}, [&] {
    const Var outside = logical_or(x <= 0, x >= 1);
    const Var log_x = log(where(outside, 0.5, x));
    const Var rest = log1mexp(-concentration1 * log_x);
    return unless(outside, (log(concentration1) + log(concentration0)) + (concentration1 - 1) * log_x +
                               (concentration0 - 1) * rest);
  });
}

Var Kumaraswamy::mean(Where where) const {
  return composed(where, name, {concentration1, concentration0},
                  [&] { return concentration0 * exp(lbeta(1 + 1 / concentration1, concentration0)); });
}

Var Kumaraswamy::entropy(Where where) const {
  return composed(where, name, {concentration1, concentration0}, [&] {
    const Var harmonic = digamma_difference(1, concentration0);
    return (1 - 1 / concentration0) + (1 - 1 / concentration1) * harmonic -
           (log(concentration1) + log(concentration0));
  });
}

Var Kumaraswamy::cdf(Arg x) const {
  return composed(x.where, name, {x.var, concentration1, concentration0}, [&] {
    const Var outside = logical_or(x <= 0, x >= 1);
    const Var log_x = log(where(outside, 0.5, x));
    return where(outside, x >= 1, -expm1(concentration0 * log1mexp(-concentration1 * log_x)));
  });
}

Var Kumaraswamy::icdf(Arg p) const {
  return composed(p.where, name, {p.var, concentration1, concentration0},
                  [&] { return exp(log1mexp(-log1p(-p) / concentration0) / concentration1); });
}

Var Kumaraswamy::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, concentration1, concentration0}, [&] {
    const Var outside = logical_or(x <= 0, x >= 1);
    const Var log_power = concentration1 * log(where(outside, 0.5, x));
    const Var depth = -concentration0 * log1mexp(-log_power), tiny = depth < 1e-30;
    const Var below = where(tiny, log(concentration0) + log_power, log1mexp(where(tiny, 1, depth)));
    return where(outside, where(x >= 1, 0, -infinity), below);
  });
}

Var Kumaraswamy::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, concentration1, concentration0}, [&] {
    const Var outside = logical_or(x <= 0, x >= 1);
    const Var above = concentration0 * log1mexp(-concentration1 * log(where(outside, 0.5, x)));
    return where(outside, where(x >= 1, -infinity, 0), above);
  });
}

Var Kumaraswamy::isf(Arg q) const {
  return composed(q.where, name, {q.var, concentration1, concentration0},
                  [&] { return exp(log1mexp(-log(q) / concentration0) / concentration1); });
}

}  // namespace tapir::vi
