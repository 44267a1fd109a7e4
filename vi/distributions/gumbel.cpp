// Gumbel: the law of maxima.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/gumbel.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double euler = 0.57721566490153286061;
constexpr double sixth_pi_squared = 1.64493406684822643647;

const KlRow<Gumbel, Gumbel> gumbel_gumbel;

}  // namespace

Var Gumbel::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), loc, scale},
                  [&] { return icdf(uniform(key_for(*this, key), shape)); });
}

Var Gumbel::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] {
    const Var outside = x == -infinity;
    const Var z = (where(outside, loc, x) - loc) / scale;
    return unless(outside, -(z + exp(-z)) - log(scale));
  });
}

Var Gumbel::mean(Where where) const {
  return composed(where, name, {loc, scale},
                  [&] { return stretched(loc + euler * scale, batch_shape(*this, where), where); });
}

Var Gumbel::variance(Where where) const {
  return composed(where, name, {loc, scale}, [&] {
    return stretched(sixth_pi_squared * square(scale), batch_shape(*this, where), where);
  });
}

Var Gumbel::entropy(Where where) const {
  return composed(where, name, {loc, scale},
                  [&] { return stretched(log(scale) + (1 + euler), batch_shape(*this, where), where); });
}

Var Gumbel::cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] { return exp(-exp((loc - x) / scale)); });
}

Var Gumbel::icdf(Arg p) const {
  return composed(p.where, name, {p.var, loc, scale}, [&] { return loc - scale * log(-log(p)); });
}

Var Gumbel::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] { return -exp((loc - x) / scale); });
}

Var Gumbel::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] { return log_cloglog((loc - x) / scale); });
}

Var Gumbel::isf(Arg q) const {
  return composed(q.where, name, {q.var, loc, scale}, [&] { return loc - scale * log(-log1p(-q)); });
}

Var kl(const Gumbel& p, const Gumbel& q, Where where) {
  return composed(where, "kl", {p.loc, p.scale, q.loc, q.scale}, [&] {
    const Var ratio = p.scale / q.scale;
    const Var shift = (p.loc - q.loc) / q.scale;
    return (expm1(lgamma(1 + ratio) - shift) + shift) + (euler * (ratio - 1) - log(ratio));
  });
}

}  // namespace tapir::vi
