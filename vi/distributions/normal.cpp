// Normal: the Gaussian law.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/normal.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/distributions/gumbel.hpp>
#include <tapir/vi/distributions/laplace.hpp>
#include <tapir/vi/kl.hpp>
#include <tapir/vi/renyi.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double half_log_2pi = 0.91893853320467274178;
constexpr double log_2 = 0.69314718055994530942;
constexpr double sqrt_2_over_pi = 0.79788456080286535588;
constexpr double inverse_sqrt_2 = 0.70710678118654752440;

std::optional<Var> cross_entropy(const Distribution& p, const Normal& q, Where where) {
  const auto moments = real_moments(p, where);
  if (!moments) return std::nullopt;
  const Var &mean = moments->mean, &variance = moments->variance;
  return composed(where, "kl", {mean, variance, q.loc, q.scale}, [&] {
    return (log(q.scale) + half_log_2pi) +
           0.5 * (variance / square(q.scale) + square((mean - q.loc) / q.scale));
  });
}

// 1 + t is the mixture of the variances over that of q; for alpha to 1 it is the KL, without a cancellation.
Var renyi_of(const Normal& p, const Normal& q, double alpha) {
  const Var ratio = p.scale / q.scale, excess = square(ratio) - 1;
  const Var exists = logical_not((1 - alpha) * excess <= -1), t = where(exists, (1 - alpha) * excess, 0);
  const Var distance = 0.5 * alpha * square((p.loc - q.loc) / q.scale) / (1 + t);
  return where(exists, 0.5 * excess * log1p_ratio(t) - log(ratio) + distance, infinity);
}

const KlRow<Normal, Normal> normal_normal;
const RenyiRow<Normal, renyi_of> normal_renyi;
const KlRow<Normal, Laplace> normal_laplace;
const KlRow<Normal, Gumbel> normal_gumbel;
const CrossRow<Normal, cross_entropy> any_normal;

}  // namespace

Var Normal::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), loc, scale},
                  [&] { return loc + scale * normal(key_for(*this, key), shape); });
}

Var Normal::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale},
                  [&] { return -0.5 * square((x - loc) / scale) - (log(scale) + half_log_2pi); });
}

Var Normal::mean(Where where) const { return stretched(loc, batch_shape(*this, where), where); }

Var Normal::variance(Where where) const {
  return composed(where, name, {loc, scale},
                  [&] { return stretched(square(scale), batch_shape(*this, where), where); });
}

Var Normal::entropy(Where where) const {
  return composed(where, name, {loc, scale}, [&] {
    return stretched(log(scale) + (half_log_2pi + 0.5), batch_shape(*this, where), where);
  });
}

Var Normal::cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale},
                  [&] { return 0.5 * erfc(-inverse_sqrt_2 * ((x - loc) / scale)); });
}

Var Normal::icdf(Arg p) const {
  return composed(p.where, name, {p.var, loc, scale}, [&] { return loc + scale * ndtri(p); });
}

Var Normal::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] { return log_ndtr((x - loc) / scale); });
}

Var Normal::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] { return log_ndtr((loc - x) / scale); });
}

Var Normal::isf(Arg q) const {
  return composed(q.where, name, {q.var, loc, scale}, [&] { return loc - scale * ndtri(q); });
}

Var kl(const Normal& p, const Normal& q, Where where) {
  return composed(where, "kl", {p.loc, p.scale, q.loc, q.scale}, [&] {
    const Var ratio = p.scale / q.scale;
    return 0.5 * (square(ratio) + square((p.loc - q.loc) / q.scale) - 1) - log(ratio);
  });
}

// E |x - q.loc| of the folded law.
Var kl(const Normal& p, const Laplace& q, Where where) {
  return composed(where, "kl", {p.loc, p.scale, q.loc, q.scale}, [&] {
    const Var d = (p.loc - q.loc) / p.scale, ratio = p.scale / q.scale;
    const Var distance = sqrt_2_over_pi * exp(-0.5 * square(d)) + d * erf(inverse_sqrt_2 * d);
    return ratio * distance - log(ratio) + (log_2 - half_log_2pi - 0.5);
  });
}

Var kl(const Normal& p, const Gumbel& q, Where where) {
  return composed(where, "kl", {p.loc, p.scale, q.loc, q.scale}, [&] {
    const Var d = (p.loc - q.loc) / q.scale, ratio = p.scale / q.scale;
    return d + exp(0.5 * square(ratio) - d) - log(ratio) - (half_log_2pi + 0.5);
  });
}

}  // namespace tapir::vi
