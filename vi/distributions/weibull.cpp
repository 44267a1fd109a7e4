// Weibull: the law of minima; a power of a waiting time.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/weibull.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/vi/distributions/forms.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double euler = 0.57721566490153286061;

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

}  // namespace tapir::vi
