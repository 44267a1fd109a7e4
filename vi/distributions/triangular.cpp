// Triangular: a density that rises and falls along straight lines.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/triangular.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/vi/distributions/forms.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// What lies beyond x, seen from the peak: a smaller triangle.
struct Beyond {
  Beyond(const Triangular& law, const Var& x) {
    const Var &low = law.low, &high = law.high, inside = clamp(x, low, high);
    rising = logical_or(inside < law.peak, law.peak >= high);
    const Var side = where(rising, inside - low, high - inside), none = side <= 0;
    const Var width = where(rising, law.peak - low, high - law.peak);
    const Var log_share = 2 * log(where(none, 1, side)) - log(where(none, 1, width)) - log(high - low);
    log_mass = where(none, -infinity, log_share);
    const Var all = logical_and(logical_not(none), log_share >= 0);  // at a peak that is an end
    log_rest = where(none, 0, where(all, -infinity, log1p(-exp(where(all, -1, log_share)))));
  }

  Var rising = 0.0, log_mass = 0.0, log_rest = 0.0;
};

}  // namespace

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

Var Triangular::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, low, peak, high}, [&] {
    const Beyond beyond(*this, x);
    return where(beyond.rising, beyond.log_mass, beyond.log_rest);
  });
}

Var Triangular::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, low, peak, high}, [&] {
    const Beyond beyond(*this, x);
    return where(beyond.rising, beyond.log_rest, beyond.log_mass);
  });
}

Var Triangular::isf(Arg q) const {
  return composed(q.where, name, {q.var, low, peak, high}, [&] {
    const Var share = (high - peak) / (high - low);
    const Var falling = q < share;
    const Var side = (high - low) * sqrt(where(falling, q * share, (1 - q) * (1 - share)));
    return where(falling, high - side, low + side);
  });
}

}  // namespace tapir::vi
