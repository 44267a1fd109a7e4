// InverseGamma: one over a Gamma; variances.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/inverse_gamma.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/special_tails.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/distributions/gamma.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::optional<Var> moment_of(const InverseGamma& law, Moment which) {
  const Var &a = law.concentration, &s = law.scale;
  switch (which) {
    case Moment::log: return (log(s) - log(a)) + log_minus_digamma(a);
    case Moment::log_variance: return trigamma(a);
    case Moment::inverse: return a / s;
    default: return std::nullopt;
  }
}

// By the ratio of 1/x to its mean.
std::optional<Var> cross_entropy(const Distribution& p, const InverseGamma& q, Where where) {
  const auto inverse = moment(p, Moment::inverse, where), mean_log = moment(p, Moment::log, where);
  if (!inverse || !mean_log) return std::nullopt;
  const Var &a = q.concentration, &s = q.scale;
  return composed(where, "kl", {*inverse, *mean_log, a, s}, [&] {
    const Var loss = *inverse * s / a - 1 + (*mean_log - (log(s) - log(a)));
    return tapir::where(leaves(p, 0, infinity), infinity, *mean_log + a * loss - stirling_rest(a));
  });
}

const MomentRow<InverseGamma, moment_of> inverse_gamma_moments;
const CrossRow<InverseGamma, cross_entropy> any_inverse_gamma;

const KlRow<InverseGamma, InverseGamma> inverse_gamma_inverse_gamma;

}  // namespace

Var InverseGamma::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), concentration, scale}, [&] {
    return scaled_exp(scale, -log_gamma_draw(key_for(*this, key), concentration, shape, where));
  });
}

Var InverseGamma::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, concentration, scale}, [&] {
    const Var outside = logical_or(x <= 0, x == infinity);
    const Var middle = scale / concentration, inside = where(outside, middle, x);
    const Var loss = concentration * itakura_saito(middle, inside);
    return unless(outside, stirling_rest(concentration) - log(inside) - loss);
  });
}

Var InverseGamma::mean(Where where) const {
  return composed(where, name, {concentration, scale}, [&] {
    const Var exists = concentration > 1;
    return tapir::where(exists, scale / (tapir::where(exists, concentration, 2) - 1), infinity);
  });
}

Var InverseGamma::variance(Where where) const {
  return composed(where, name, {concentration, scale}, [&] {
    const Var exists = concentration > 2, a = tapir::where(exists, concentration, 3);
    return tapir::where(exists, square(scale / (a - 1)) / (a - 2), infinity);
  });
}

Var InverseGamma::entropy(Where where) const {
  return composed(where, name, {concentration, scale}, [&] {
    return (log(scale) - log(concentration)) + (concentration + 1) * log_minus_digamma(concentration) -
           stirling_rest(concentration);
  });
}

Var InverseGamma::cdf(Arg x) const {
  return composed(x.where, name, {x.var, concentration, scale}, [&] {
    const Var outside = x <= 0;
    return where(outside, 0, gamma_q(concentration, scale / where(outside, 1, x)));
  });
}

Var InverseGamma::icdf(Arg p) const {
  return composed(p.where, name, {p.var, concentration, scale},
                  [&] { return scale / gamma_q_inv(concentration, p); });
}

Var InverseGamma::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, concentration, scale}, [&] {
    return between_ends(x, log_cdf_ends, [&](const Var& y) { return log_gamma_q(concentration, scale / y); });
  });
}

Var InverseGamma::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, concentration, scale}, [&] {
    return between_ends(x, log_sf_ends, [&](const Var& y) { return log_gamma_p(concentration, scale / y); });
  });
}

Var InverseGamma::isf(Arg q) const {
  return composed(q.where, name, {q.var, concentration, scale},
                  [&] { return scale / gamma_p_inv(concentration, q); });
}

Var kl(const InverseGamma& p, const InverseGamma& q, Where where) {
  return kl(Gamma{p.concentration, p.scale}, Gamma{q.concentration, q.scale}, where);
}

}  // namespace tapir::vi
