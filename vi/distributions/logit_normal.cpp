// LogitNormal: the sigmoid of a Gaussian.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/logit_normal.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/distributions/normal.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

Var LogitNormal::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), loc, scale},
                  [&] { return inside_unit(sigmoid(loc + scale * normal(key_for(*this, key), shape))); });
}

Var LogitNormal::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] {
    const Var outside = logical_or(x <= 0, x >= 1);
    const Var inside = where(outside, 0.5, x);
    const Var log_x = log(inside), log_rest = log1p(-inside);
    return unless(outside, Normal{loc, scale}.log_prob(log_x - log_rest) - (log_x + log_rest));
  });
}

Var LogitNormal::cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] {
    const Var outside = logical_or(x <= 0, x >= 1);
    const Var below = Normal{loc, scale}.cdf(logit(where(outside, 0.5, x)));
    return where(outside, x >= 1, below);
  });
}

Var LogitNormal::icdf(Arg p) const {
  return composed(p.where, name, {p.var, loc, scale}, [&] { return sigmoid(Normal{loc, scale}.icdf(p)); });
}

Var LogitNormal::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] {
    const Var outside = logical_or(x <= 0, x >= 1);
    const Var below = Normal{loc, scale}.log_cdf(logit(where(outside, 0.5, x)));
    return where(outside, where(x >= 1, 0, -infinity), below);
  });
}

Var LogitNormal::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] {
    const Var outside = logical_or(x <= 0, x >= 1);
    const Var above = Normal{loc, scale}.log_sf(logit(where(outside, 0.5, x)));
    return where(outside, where(x >= 1, -infinity, 0), above);
  });
}

Var LogitNormal::isf(Arg q) const {
  return composed(q.where, name, {q.var, loc, scale}, [&] { return sigmoid(Normal{loc, scale}.isf(q)); });
}

}  // namespace tapir::vi
