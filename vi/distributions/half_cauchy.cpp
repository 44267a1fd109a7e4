// HalfCauchy: the size of a centred Cauchy.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/half_cauchy.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/vi/distributions/cauchy.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double pi_squared_over_4 = 2.46740110027233965471;
constexpr double half_pi = 1.57079632679489661923;
constexpr double two_over_pi = 0.63661977236758134308;
constexpr double log_2 = 0.69314718055994530942;
constexpr double log_2_pi = 1.83787706640934548356;

std::optional<Var> moment_of(const HalfCauchy& law, Moment which) {
  switch (which) {
    case Moment::log: return log(law.scale);
    case Moment::log_variance: return Var(pi_squared_over_4);
    case Moment::inverse: return Var(infinity);
    default: return std::nullopt;
  }
}

const MomentRow<HalfCauchy, moment_of> half_cauchy_moments;

}  // namespace

Var HalfCauchy::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), scale},
                  [&] { return icdf(uniform(key_for(*this, key), shape)); });
}

Var HalfCauchy::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, scale}, [&] {
    const Var outside = x < 0;
    return unless(outside, Cauchy{0, scale}.log_prob(where(outside, 0, x)) + log_2);
  });
}

Var HalfCauchy::entropy(Where where) const {
  return composed(where, name, {scale}, [&] { return log(scale) + log_2_pi; });
}

Var HalfCauchy::cdf(Arg x) const {
  return composed(x.where, name, {x.var, scale}, [&] { return two_over_pi * atan(maximum(x, 0) / scale); });
}

Var HalfCauchy::icdf(Arg p) const {
  return composed(p.where, name, {p.var, scale}, [&] {
    const Var upper = p > 0.5;
    const Var t = tan(half_pi * where(upper, 1 - p, p));
    return scale * where(upper, 1 / where(upper, t, 1), t);
  });
}

Var HalfCauchy::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, scale}, [&] {
    const Var outside = x <= 0;
    return where(outside, -infinity, log(two_over_pi * atan(where(outside, scale, x) / scale)));
  });
}

Var HalfCauchy::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, scale}, [&] {
    const Var outside = logical_or(x <= 0, x == infinity);
    const Var above = log(two_over_pi * atan2(1, where(outside, scale, x) / scale));
    return where(outside, where(x <= 0, 0, -infinity), above);
  });
}

Var HalfCauchy::isf(Arg q) const {
  return composed(q.where, name, {q.var, scale}, [&] {
    const Var upper = q < 0.5;
    const Var t = tan(half_pi * where(upper, q, 1 - q));
    return scale * where(upper, 1 / where(upper, t, 1), t);
  });
}

}  // namespace tapir::vi
