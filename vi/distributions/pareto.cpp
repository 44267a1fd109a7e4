// Pareto: a power law above a threshold.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/pareto.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::optional<Var> moment_of(const Pareto& law, Moment which) {
  const Var &s = law.scale, &a = law.concentration;
  switch (which) {
    case Moment::log: return log(s) + 1 / a;
    case Moment::log_variance: return 1 / square(a);
    case Moment::inverse: return a / (a + 1) / s;
    default: return std::nullopt;
  }
}

std::optional<Var> cross_entropy(const Distribution& p, const Pareto& q, Where where) {
  const auto mean_log = moment(p, Moment::log, where);
  if (!mean_log) return std::nullopt;
  const Var &s = q.scale, &a = q.concentration;
  return composed(where, "kl", {*mean_log, s, a}, [&] {
    const Var cost = (*mean_log - log(a)) + a * (*mean_log - log(s));
    return tapir::where(leaves(p, s, infinity), infinity, cost);
  });
}

const MomentRow<Pareto, moment_of> pareto_moments;
const CrossRow<Pareto, cross_entropy> any_pareto;

const KlRow<Pareto, Pareto> pareto_pareto;

}  // namespace

Var Pareto::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), scale, concentration},
                  [&] { return icdf(uniform(key_for(*this, key), shape)); });
}

Var Pareto::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, scale, concentration}, [&] {
    const Var outside = logical_or(x < scale, x == infinity);
    const Var inside = where(outside, scale, x);
    const Var distance = log_ratio(inside, scale);
    return unless(outside, (log(concentration) - log(inside)) - concentration * distance);
  });
}

Var Pareto::mean(Where where) const {
  return composed(where, name, {scale, concentration}, [&] {
    const Var exists = concentration > 1;
    const Var a = tapir::where(exists, concentration, 2);
    return tapir::where(exists, a / (a - 1) * scale, infinity);
  });
}

Var Pareto::variance(Where where) const {
  return composed(where, name, {scale, concentration}, [&] {
    const Var exists = concentration > 2;
    const Var a = tapir::where(exists, concentration, 3);
    return tapir::where(exists, a / (a - 2) * square(scale / (a - 1)), infinity);
  });
}

Var Pareto::entropy(Where where) const {
  return composed(where, name, {scale, concentration},
                  [&] { return log(scale) - log(concentration) + (1 + 1 / concentration); });
}

Var Pareto::cdf(Arg x) const {
  return composed(x.where, name, {x.var, scale, concentration},
                  [&] { return -expm1(-concentration * log_ratio(maximum(x, scale), scale)); });
}

Var Pareto::icdf(Arg p) const {
  return composed(p.where, name, {p.var, scale, concentration},
                  [&] { return scaled_exp(scale, -log1p(-p) / concentration); });
}

Var Pareto::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, scale, concentration}, [&] {
    const Var outside = x <= scale;
    return where(outside, -infinity,
                 log1mexp(concentration * log_ratio(where(outside, 2 * scale, x), scale)));
  });
}

Var Pareto::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, scale, concentration},
                  [&] { return -concentration * log_ratio(maximum(x, scale), scale); });
}

Var Pareto::isf(Arg q) const {
  return composed(q.where, name, {q.var, scale, concentration},
                  [&] { return scaled_exp(scale, -log(q) / concentration); });
}

Var kl(const Pareto& p, const Pareto& q, Where where) {
  return composed(where, "kl", {p.scale, p.concentration, q.scale, q.concentration}, [&] {
    const Var excluded = p.scale < q.scale;
    const Var ratio = q.concentration / p.concentration;
    const Var shift = q.concentration * log_ratio(tapir::where(excluded, q.scale, p.scale), q.scale);
    return tapir::where(excluded, infinity, shift + ((ratio - 1) - log(ratio)));
  });
}

}  // namespace tapir::vi
