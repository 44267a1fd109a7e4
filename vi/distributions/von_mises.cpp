// VonMises: the Gaussian law of angles.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/von_mises.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/special_laws.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double pi = 3.14159265358979323846;
constexpr double inverse_2pi = 0.15915494309189533577;
constexpr double log_2pi = 1.83787706640934548356;

const KlRow<VonMises, VonMises> von_mises_von_mises;

// 1 - cos x
Var one_less_cos(const Var& x) { return 2 * square(sin(0.5 * x)); }

// log(e^-k I0(k)), whose slope at 0 is -1.
Var log_i0e(const Var& k) {
  const Var small = k < 1, some = where(small, k, 0);
  return where(small, log_i0(some) - some, log(i0e(where(small, 1, k))));
}

Var as_angle(const Var& x) {
  const double below_pi = x.dtype() == f32 ? 0x1.921fb4p+1 : 0x1.921fb54442d17p+1;
  return clamp(x - 2 * pi * floor(inverse_2pi * x + 0.5), -pi, below_pi);
}

}  // namespace

Var VonMises::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), loc, concentration}, [&] {
    return as_angle(loc + von_mises_draw(key_for(*this, key), concentration, shape, where));
  });
}

Var VonMises::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, loc, concentration}, [&] {
    const Var outside = logical_or(x<-pi, x> pi);
    const Var angle = where(outside, 0, x) - loc;
    return unless(outside, -concentration * one_less_cos(angle) - (log_i0e(concentration) + log_2pi));
  });
}

Var VonMises::mean(Where where) const {
  return composed(where, name, {loc, concentration},
                  [&] { return stretched(as_angle(loc), batch_shape(*this, where), where); });
}

Var VonMises::variance(Where where) const {
  return composed(where, name, {loc, concentration}, [&] {
    return stretched(von_mises_variance(concentration), batch_shape(*this, where), where);
  });
}

Var VonMises::entropy(Where where) const {
  return composed(where, name, {loc, concentration}, [&] {
    const Var spread = concentration * von_mises_variance(concentration);
    return stretched(spread + (log_i0e(concentration) + log_2pi), batch_shape(*this, where), where);
  });
}

Var VonMises::cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, concentration}, [&] {
    const Var angle = clamp(x, -pi, pi) - loc;
    return von_mises_cdf(angle, concentration) - von_mises_cdf(-pi - loc, concentration);
  });
}

Var kl(const VonMises& p, const VonMises& q, Where where) {
  const Var &k = p.concentration, &l = q.concentration;
  return composed(where, "kl", {p.loc, k, q.loc, l}, [&] {
    const Var v = von_mises_variance(k);
    const Var concentrations = (log_i0e(l) - log_i0e(k)) + (l - k) * v;
    return concentrations + (1 - v) * l * one_less_cos(p.loc - q.loc);
  });
}

}  // namespace tapir::vi
