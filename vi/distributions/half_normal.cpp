// HalfNormal: the size of a centred Gaussian.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/half_normal.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double half_euler_and_log_2 = 0.63518142273073908502;
constexpr double pi_squared_over_8 = 1.23370055013616982735;
constexpr double log_2 = 0.69314718055994530942;
constexpr double sqrt_2 = 1.41421356237309504880;
constexpr double inverse_sqrt_2 = 0.70710678118654752440;
constexpr double sqrt_2_over_pi = 0.79788456080286535588;
constexpr double half_log_2_over_pi = -0.22579135264472743236;

std::optional<Var> cross_entropy(const Distribution& p, const HalfNormal& q, Where where) {
  const auto moments = real_moments(p, where);
  if (!moments) return std::nullopt;
  const Var &mean = moments->mean, &variance = moments->variance;
  return composed(where, "kl", {mean, variance, q.scale}, [&] {
    const Var squares = variance / square(q.scale) + square(mean / q.scale);
    return tapir::where(leaves(p, 0, infinity), infinity, log(q.scale) - half_log_2_over_pi + 0.5 * squares);
  });
}

std::optional<Var> moment_of(const HalfNormal& law, Moment which) {
  switch (which) {
    case Moment::log: return log(law.scale) - half_euler_and_log_2;
    case Moment::log_variance: return Var(pi_squared_over_8);
    case Moment::inverse: return Var(infinity);
    default: return std::nullopt;
  }
}

const MomentRow<HalfNormal, moment_of> half_normal_moments;

const KlRow<HalfNormal, HalfNormal> half_normal_half_normal;
const CrossRow<HalfNormal, cross_entropy> any_half_normal;

}  // namespace

Var HalfNormal::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), scale},
                  [&] { return scale * abs(normal(key_for(*this, key), shape)); });
}

Var HalfNormal::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, scale}, [&] {
    const Var outside = x < 0;
    const Var z = where(outside, 0, x) / scale;
    return unless(outside, -0.5 * square(z) - (log(scale) - half_log_2_over_pi));
  });
}

Var HalfNormal::mean(Where where) const {
  return composed(where, name, {scale}, [&] { return sqrt_2_over_pi * scale; });
}

Var HalfNormal::variance(Where where) const {
  return composed(where, name, {scale},
                  [&] { return (1 - sqrt_2_over_pi * sqrt_2_over_pi) * square(scale); });
}

Var HalfNormal::entropy(Where where) const {
  return composed(where, name, {scale}, [&] { return log(scale) + (0.5 - half_log_2_over_pi); });
}

Var HalfNormal::cdf(Arg x) const {
  return composed(x.where, name, {x.var, scale},
                  [&] { return erf(inverse_sqrt_2 * (maximum(x, 0) / scale)); });
}

Var HalfNormal::icdf(Arg p) const {
  return composed(p.where, name, {p.var, scale}, [&] { return scale * (sqrt_2 * erf_inv(p)); });
}

Var HalfNormal::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, scale}, [&] {
    const Var outside = x <= 0;
    return where(outside, -infinity, log(erf(inverse_sqrt_2 * (where(outside, scale, x) / scale))));
  });
}

Var HalfNormal::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, scale}, [&] {
    const Var outside = x <= 0;
    return where(outside, 0, log_2 + log_ndtr(-where(outside, scale, x) / scale));
  });
}

Var HalfNormal::isf(Arg q) const {
  return composed(q.where, name, {q.var, scale}, [&] { return scale * (sqrt_2 * erfc_inv(q)); });
}

Var kl(const HalfNormal& p, const HalfNormal& q, Where where) {
  return composed(where, "kl", {p.scale, q.scale},
                  [&] { return 0.5 * exp_remainder(2 * log_ratio(p.scale, q.scale)); });
}

}  // namespace tapir::vi
