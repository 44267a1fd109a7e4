// Normal: the Gaussian law.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/normal.hpp>

#include <cmath>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double half_log_2pi = 0.91893853320467274178;
constexpr double inverse_sqrt_2 = 0.70710678118654752440;

const KlRow<Normal, Normal> normal_normal;

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

}  // namespace tapir::vi
