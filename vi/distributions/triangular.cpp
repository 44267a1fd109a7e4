// Triangular: a density that rises and falls along straight lines.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/triangular.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/vi/distributions/forms.hpp>

namespace tapir::vi {

// The ends may have density 0: a draw that would round to one stops before.
Var Triangular::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), low, peak, high}, [&] {
    const Var u = uniform(key_for(*this, key), shape);
    const Var margin = (u.dtype() == f32 ? 0x1p-23 : 0x1p-52) * maximum(abs(low), abs(high));
    return clamp(icdf(u), low + margin, high - margin);
  });
}

// An end at which the density is 0 is outside; which side a value lies on is never an empty one.
Var Triangular::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, low, peak, high}, [&] {
    const Var rising = logical_or(x < peak, peak >= high);
    const Var side = where(rising, x - low, high - x);
    const Var outside = side <= 0;
    const Var width = where(rising, peak - low, high - peak);
    const Var height = where(outside, 1, side) / where(outside, 1, width);
    return unless(outside, log(2 * height) - log(high - low));
  });
}

Var Triangular::mean(Where where) const {
  return composed(where, name, {low, peak, high}, [&] { return (low + peak + high) / 3; });
}

Var Triangular::variance(Where where) const {
  return composed(where, name, {low, peak, high},
                  [&] { return (square(high - low) - (high - peak) * (peak - low)) / 18; });
}

Var Triangular::entropy(Where where) const {
  return composed(where, name, {low, peak, high},
                  [&] { return stretched(log(0.5 * (high - low)) + 0.5, batch_shape(*this, where), where); });
}

Var Triangular::cdf(Arg x) const {
  return composed(x.where, name, {x.var, low, peak, high}, [&] {
    const Var inside = clamp(x, low, high);
    const Var rising = logical_or(inside < peak, peak >= high);
    const Var side = inside - where(rising, low, peak), rest = where(rising, 1, high - peak);
    const Var height = where(rising, side / where(rising, peak - low, 1), (rest + (high - inside)) / rest);
    return (where(rising, 0, peak - low) + side * height) / (high - low);
  });
}

Var Triangular::icdf(Arg p) const {
  return composed(p.where, name, {p.var, low, peak, high}, [&] {
    const Var share = (peak - low) / (high - low);
    const Var rising = p < share;
    const Var side = (high - low) * sqrt(where(rising, p * share, (1 - p) * (1 - share)));
    return where(rising, low + side, high - side);
  });
}

}  // namespace tapir::vi
