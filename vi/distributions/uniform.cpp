// Uniform: the flat law of an interval.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/uniform.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/distributions/gumbel.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::optional<Var> cross_entropy(const Distribution& p, const Uniform& q, Where where) {
  return composed(where, "kl", {recorded_one(p.parameters()), q.low, q.high},
                  [&] { return tapir::where(leaves(p, q.low, q.high), infinity, log(q.high - q.low)); });
}

// E log x and the like, of an interval from `low` on of width `width`, low >= 0.
Var mean_log(const Var& low, const Var& width) {
  const Var none = low == 0, some = tapir::where(none, width, low);
  return log(low + width) - tapir::where(none, 1, 1 - log1p_ratio(width / some));
}

// Where the interval leaves the positive numbers, or those below 1, any number will do: the cross entropy is
// infinite.
std::optional<Var> moment_of(const Uniform& law, Moment which) {
  const auto inside = [](const Var& end) { return tapir::where(end < 0, 0, end); };
  const Var low = inside(law.low), width = law.high - law.low, none = low == 0,
            some = tapir::where(none, 1, low);
  switch (which) {
    case Moment::log: return mean_log(low, width);
    case Moment::inverse: return tapir::where(none, infinity, log1p_ratio(width / some) / some);
    case Moment::log_rest: return mean_log(inside(1 - law.high), width);
    default: return std::nullopt;
  }
}

const MomentRow<Uniform, moment_of> uniform_moments;
const KlRow<Uniform, Uniform> uniform_uniform;
const KlRow<Uniform, Gumbel> uniform_gumbel;
const CrossRow<Uniform, cross_entropy> any_uniform;

}  // namespace

Var Uniform::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), low, high},
                  [&] { return icdf(tapir::uniform(key_for(*this, key), shape)); });
}

Var Uniform::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, low, high}, [&] {
    const Var outside = logical_or(x<low, x> high), density = -log(high - low);
    // Where a bound is NaN nothing is known to be outside.
    const Var none = where(isnan(density), density, -infinity);
    return where(isnan(x), x, where(outside, none, density));
  });
}

Var Uniform::mean(Where where) const {
  return composed(where, name, {low, high}, [&] { return 0.5 * low + 0.5 * high; });
}

Var Uniform::variance(Where where) const {
  return composed(where, name, {low, high}, [&] { return square(high - low) / 12; });
}

Var Uniform::entropy(Where where) const {
  return composed(where, name, {low, high}, [&] { return log(high - low); });
}

Var Uniform::cdf(Arg x) const {
  return composed(x.where, name, {x.var, low, high}, [&] { return clamp((x - low) / (high - low), 0, 1); });
}

// Both ends weighed: their difference could overflow. Rounding may step over an end.
Var Uniform::icdf(Arg p) const {
  return composed(p.where, name, {p.var, low, high},
                  [&] { return clamp((1 - p) * low + p * high, low, high); });
}

Var Uniform::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, low, high}, [&] {
    const Var share = (x - low) / (high - low), none = share <= 0;
    return where(none, -infinity, log(minimum(where(none, 1, share), 1)));
  });
}

Var Uniform::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, low, high}, [&] {
    const Var share = (high - x) / (high - low), none = share <= 0;
    return where(none, -infinity, log(minimum(where(none, 1, share), 1)));
  });
}

Var Uniform::isf(Arg q) const {
  return composed(q.where, name, {q.var, low, high},
                  [&] { return clamp((1 - q) * high + q * low, low, high); });
}

Var kl(const Uniform& p, const Uniform& q, Where where) {
  return composed(where, "kl", {p.low, p.high, q.low, q.high}, [&] {
    const Var excluded = logical_or(p.low<q.low, p.high> q.high);
    return tapir::where(excluded, infinity, log((q.high - q.low) / (p.high - p.low)));
  });
}

Var kl(const Uniform& p, const Gumbel& q, Where where) {
  return composed(where, "kl", {p.low, p.high, q.loc, q.scale}, [&] {
    const Var low = (p.low - q.loc) / q.scale, width = (p.high - p.low) / q.scale;
    return low + 0.5 * width + exp(-low) * expm1_ratio(-width) - log(width);
  });
}

}  // namespace tapir::vi
