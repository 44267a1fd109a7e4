// Laplace: two exponential laws back to back.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/laplace.hpp>

#include <cmath>
#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>
#include <tapir/vi/renyi.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double log_2 = 0.69314718055994530942;

// p^alpha q^(1 - alpha) falls off by the sum of two rates outside of both locations, between them by their
// difference.
Var far_renyi(const Var& own, const Var& other, const Var& d, const Var& log_scales, double alpha) {
  const Var fall = abs(own - other) * d;
  const Var logs = log((1 + exp(-fall)) / (own + other) + d * expm1_ratio(-fall)) - minimum(own, other) * d;
  return (logs - log_scales) / (alpha - 1);
}

// Where rest = 1 - alpha is small beside the scales: the integral as (q.scale/p.scale)^rest (1 + rest *
// excess), by the ratio of scales and the distance in units of p's.
Var near_renyi(const Var& ratio, const Var& d, double rest) {
  const double alpha = 1 - rest;
  const Var sides = alpha * (1 - ratio * d * expm1_ratio(-rest * (ratio * d)));
  const Var excess =
      (sides - ratio * exp(-alpha * d) + rest * square(ratio)) / (alpha * alpha - square(rest * ratio));
  return -log(ratio) - excess * log1p_ratio(rest * excess);
}

Var renyi_of(const Laplace& p, const Laplace& q, double alpha) {
  const double rest = 1 - alpha;
  const Var ratio = p.scale / q.scale, distance = abs(p.loc - q.loc);
  const Var exists = logical_not(alpha + rest * ratio <= 0), d = distance / p.scale;
  const Var reach = std::abs(rest) * ratio;
  const Var near = logical_and(reach < (std::abs(rest) < 0.25 ? 0.25 : 0), reach * d < 1);
  const Var far = logical_and(exists, logical_not(near));
  const auto some = [](const Var& which, const Var& x, double otherwise) {
    return where(which, x, otherwise);
  };
  const Var scales = alpha * log(2 * some(far, p.scale, 1)) + rest * log(2 * some(far, q.scale, 2));
  const Var apart = far_renyi(alpha / some(far, p.scale, 1), rest / some(far, q.scale, 2),
                              some(far, distance, 1), scales, alpha);
  return where(near, near_renyi(some(near, ratio, 1), some(near, d, 1), rest),
               where(exists, apart, infinity));
}

const KlRow<Laplace, Laplace> laplace_laplace;
const RenyiRow<Laplace, renyi_of> laplace_renyi;

// The score above which q of the mass lies.
Var upper_score(const Var& q) {
  const Var lower = q > 0.5;
  const Var distance = -log(2 * where(lower, 1 - q, q));
  return where(lower, -distance, distance);
}

// The log probability of less than a score.
Var log_less(const Var& z) {
  const Var depth = abs(z);
  return where(z > 0, log1p(-0.5 * exp(-depth)), -depth - log_2);
}

}  // namespace

Var Laplace::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), loc, scale},
                  [&] { return icdf(uniform(key_for(*this, key), shape)); });
}

Var Laplace::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale},
                  [&] { return -abs((x - loc) / scale) - (log(scale) + log_2); });
}

Var Laplace::mean(Where where) const {
  return composed(where, name, {loc, scale},
                  [&] { return stretched(loc, batch_shape(*this, where), where); });
}

Var Laplace::variance(Where where) const {
  return composed(where, name, {loc, scale},
                  [&] { return stretched(2 * square(scale), batch_shape(*this, where), where); });
}

Var Laplace::entropy(Where where) const {
  return composed(where, name, {loc, scale},
                  [&] { return stretched(log(scale) + (1 + log_2), batch_shape(*this, where), where); });
}

Var Laplace::cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] {
    const Var z = (x - loc) / scale;
    const Var tail = 0.5 * exp(-abs(z));
    return where(z > 0, 1 - tail, tail);
  });
}

Var Laplace::icdf(Arg p) const {
  return composed(p.where, name, {p.var, loc, scale}, [&] { return loc - scale * upper_score(p); });
}

Var Laplace::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] { return log_less((x - loc) / scale); });
}

Var Laplace::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] { return log_less((loc - x) / scale); });
}

Var Laplace::isf(Arg q) const {
  return composed(q.where, name, {q.var, loc, scale}, [&] { return loc + scale * upper_score(q); });
}

Var kl(const Laplace& p, const Laplace& q, Where where) {
  return composed(where, "kl", {p.loc, p.scale, q.loc, q.scale}, [&] {
    const Var distance = abs(p.loc - q.loc) / p.scale;
    return p.scale / q.scale * exp_remainder(-distance) + itakura_saito(p.scale, q.scale);
  });
}

}  // namespace tapir::vi
