// InverseGaussian: when a Brownian motion with drift first passes a level.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/inverse_gaussian.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double half_log_2pi = 0.91893853320467274178;
constexpr double inverse_sqrt_2pi = 0.39894228040143267794;

std::optional<Var> moment_of(const InverseGaussian& law, Moment which) {
  switch (which) {
    case Moment::log: return log(law.loc) - exp_e1(2 * (law.concentration / law.loc));
    case Moment::inverse: return 1 / law.loc + 1 / law.concentration;
    default: return std::nullopt;
  }
}

const MomentRow<InverseGaussian, moment_of> inverse_gaussian_moments;

const KlRow<InverseGaussian, InverseGaussian> inverse_gaussian_inverse_gaussian;

}  // namespace

Var InverseGaussian::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), loc, concentration}, [&] {
    const Key own = key_for(*this, key);
    const double smallest = own.dtype() == f32 ? static_cast<double>(std::numeric_limits<float>::min())
                                               : std::numeric_limits<double>::min();
    const Var y = maximum(inverse_gaussian_draw(own, concentration / loc, shape, where), smallest);
    return at_most_largest(maximum(loc * y, smallest));
  });
}

Var InverseGaussian::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, loc, concentration}, [&] {
    const Var outside = logical_or(x <= 0, x == infinity);
    const Var inside = where(outside, loc, x);
    const Var shift = (inside - loc) / loc, loss = 0.5 * (concentration / inside * shift) * shift;
    return unless(outside, 0.5 * (log(concentration) - log(inside)) - log(inside) - half_log_2pi - loss);
  });
}

Var InverseGaussian::mean(Where where) const { return stretched(loc, batch_shape(*this, where), where); }

Var InverseGaussian::variance(Where where) const {
  return composed(where, name, {loc, concentration}, [&] { return square(loc) * (loc / concentration); });
}

Var InverseGaussian::entropy(Where where) const {
  return composed(where, name, {loc, concentration}, [&] {
    const Var logs = log(loc) + 0.5 * (log(loc) - log(concentration));
    return (half_log_2pi + 0.5) + logs - 1.5 * exp_e1(2 * (concentration / loc));
  });
}

Var InverseGaussian::cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, concentration}, [&] {
    const Var outside = logical_or(x <= 0, x == infinity);
    const Var inside = where(outside, loc, x), root = sqrt(concentration / inside);
    const Var a = root * ((inside - loc) / loc), b = root * ((inside + loc) / loc);
    const Var density = inverse_sqrt_2pi * exp(-0.5 * square(a));
    return where(outside, x > 0, ndtr(a) + density / normal_hazard(b));
  });
}

Var kl(const InverseGaussian& p, const InverseGaussian& q, Where where) {
  return composed(where, "kl", {p.loc, p.concentration, q.loc, q.concentration}, [&] {
    const Var shift = (p.loc - q.loc) / q.loc;
    return 0.5 * (exp_remainder(log_ratio(q.concentration, p.concentration)) +
                  (q.concentration / p.loc) * square(shift));
  });
}

}  // namespace tapir::vi
