// Uniform: the flat law of an interval.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/uniform.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/vi/distributions/beta.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/distributions/gamma.hpp>
#include <tapir/vi/distributions/gumbel.hpp>
#include <tapir/vi/distributions/pareto.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::optional<Var> cross_entropy(const Distribution& p, const Uniform& q, Where where) {
  return composed(where, "kl", {recorded_one(p.parameters()), q.low, q.high}, [&] {
    return tapir::where(leaves(p, q.low, q.high), infinity, log(q.high - q.low));
  });
}

// E log x and the like, of an interval from `low` on of width `width`, low >= 0.
Var mean_log(const Var& low, const Var& width) {
  const Var none = low == 0, some = tapir::where(none, width, low);
  return log(low + width) - tapir::where(none, 1, 1 - log1p_ratio(width / some));
}

const KlRow<Uniform, Uniform> uniform_uniform;
const KlRow<Uniform, Gamma> uniform_gamma;
const KlRow<Uniform, Beta> uniform_beta;
const KlRow<Uniform, Gumbel> uniform_gumbel;
const KlRow<Uniform, Pareto> uniform_pareto;
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

Var kl(const Uniform& p, const Gamma& q, Where where) {
  const Var& a = q.concentration;
  return composed(where, "kl", {p.low, p.high, a, q.rate}, [&] {
    const Var excluded = p.low < 0, low = tapir::where(excluded, 0, p.low), width = p.high - p.low;
    const Var log_q = a * log(q.rate) - lgamma(a) + (a - 1) * mean_log(low, width) - q.rate * (low + 0.5 * width);
    return tapir::where(excluded, infinity, -log(width) - log_q);
  });
}

Var kl(const Uniform& p, const Beta& q, Where where) {
  const Var &a = q.concentration1, &b = q.concentration0;
  return composed(where, "kl", {p.low, p.high, a, b}, [&] {
    const Var excluded = logical_or(p.low < 0, p.high > 1);
    const Var low = tapir::where(excluded, 0, p.low), high = tapir::where(excluded, 1, p.high), width = high - low;
    const Var logs = (a - 1) * mean_log(low, width) + (b - 1) * mean_log(1 - high, width);
    return tapir::where(excluded, infinity, lbeta(a, b) - logs - log(width));
  });
}

Var kl(const Uniform& p, const Gumbel& q, Where where) {
  return composed(where, "kl", {p.low, p.high, q.loc, q.scale}, [&] {
    const Var low = (p.low - q.loc) / q.scale, width = (p.high - p.low) / q.scale;
    return low + 0.5 * width + exp(-low) * expm1_ratio(-width) - log(width);
  });
}

Var kl(const Uniform& p, const Pareto& q, Where where) {
  const Var &a = q.concentration, &s = q.scale;
  return composed(where, "kl", {p.low, p.high, a, s}, [&] {
    const Var excluded = p.low < s, low = tapir::where(excluded, s, p.low), width = p.high - p.low;
    const Var log_q = log(a) + a * log(s) - (a + 1) * mean_log(low, width);
    return tapir::where(excluded, infinity, -log(width) - log_q);
  });
}

}  // namespace tapir::vi
