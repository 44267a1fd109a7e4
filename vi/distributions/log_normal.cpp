// LogNormal: the exponential of a Gaussian.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/log_normal.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/distributions/normal.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double half_log_2pi = 0.91893853320467274178;

std::optional<Var> moment_of(const LogNormal& law, Moment which) {
  switch (which) {
    case Moment::log: return law.loc;
    case Moment::log_variance: return square(law.scale);
    case Moment::inverse: return exp(0.5 * square(law.scale) - law.loc);
    default: return std::nullopt;
  }
}

std::optional<Var> cross_entropy(const Distribution& p, const LogNormal& q, Where where) {
  const auto mean = moment(p, Moment::log, where), variance = moment(p, Moment::log_variance, where);
  if (!mean || !variance) return std::nullopt;
  return composed(where, "kl", {*mean, *variance, q.loc, q.scale}, [&] {
    const Var squares = *variance / square(q.scale) + square((*mean - q.loc) / q.scale);
    return tapir::where(leaves(p, 0, infinity), infinity,
                        *mean + (log(q.scale) + half_log_2pi) + 0.5 * squares);
  });
}

const MomentRow<LogNormal, moment_of> log_normal_moments;
const CrossRow<LogNormal, cross_entropy> any_log_normal;

const KlRow<LogNormal, LogNormal> log_normal_log_normal;

}  // namespace

Var LogNormal::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), loc, scale},
                  [&] { return scaled_exp(1, loc + scale * normal(key_for(*this, key), shape)); });
}

Var LogNormal::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] {
    const Var outside = x <= 0;
    const Var log_x = log(where(outside, 1, x));
    return unless(outside, Normal{loc, scale}.log_prob(log_x) - log_x);
  });
}

Var LogNormal::mean(Where where) const {
  return composed(where, name, {loc, scale}, [&] { return exp(loc + 0.5 * square(scale)); });
}

Var LogNormal::variance(Where where) const {
  return composed(where, name, {loc, scale},
                  [&] { return expm1(square(scale)) * exp(2 * loc + square(scale)); });
}

Var LogNormal::entropy(Where where) const {
  return composed(where, name, {loc, scale}, [&] { return loc + Normal{loc, scale}.entropy(); });
}

Var LogNormal::cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] {
    const Var outside = x <= 0;
    const Var below = Normal{loc, scale}.cdf(log(where(outside, 1, x)));
    return where(outside, 0, below);
  });
}

Var LogNormal::icdf(Arg p) const {
  return composed(p.where, name, {p.var, loc, scale}, [&] {
    return scaled_exp(1, Normal{loc, scale}.icdf(p));
  });
}

Var LogNormal::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] {
    const Var outside = logical_or(x <= 0, x == infinity);
    return where(outside, where(x <= 0, -infinity, 0), Normal{loc, scale}.log_cdf(log(where(outside, 1, x))));
  });
}

Var LogNormal::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] {
    const Var outside = logical_or(x <= 0, x == infinity);
    return where(outside, where(x <= 0, 0, -infinity), Normal{loc, scale}.log_sf(log(where(outside, 1, x))));
  });
}

Var LogNormal::isf(Arg q) const {
  return composed(q.where, name, {q.var, loc, scale}, [&] {
    return scaled_exp(1, Normal{loc, scale}.isf(q));
  });
}

Var kl(const LogNormal& p, const LogNormal& q, Where where) {
  return kl(Normal{p.loc, p.scale}, Normal{q.loc, q.scale}, where);
}

}  // namespace tapir::vi
