// GeneralizedPareto: excesses over a threshold.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/generalized_pareto.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/vi/distributions/forms.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// By the exponential waiting time -log(1 - p).
Var quantile(const GeneralizedPareto& law, const Var& waiting) {
  return law.loc + law.scale * (waiting * expm1_ratio(law.concentration * waiting));
}

// How deep x lies: -log P(X > x); with the cases in which it is 0 or inf.
struct Reach {
  Reach(const GeneralizedPareto& law, const Var& x) {
    const Var z = maximum((x - law.loc) / law.scale, 0);
    none = z <= 0;
    beyond = logical_or(z == infinity, 1 + law.concentration * z <= 0);
    const Var inside = where(beyond, 0, z);
    depth = inside * log1p_ratio(law.concentration * inside);
  }
  Var none, beyond, depth;
};

}  // namespace

Support GeneralizedPareto::support() const {
  if (!concentration.is_recorded() && min(concentration >= 0).item() == 1) return Support::at_least(loc);
  const Var bounded = concentration < 0;
  const Var high = loc - scale / where(bounded, concentration, -1);
  return Support::interval(loc, where(bounded, high, infinity));
}

// Waiting times so long that the excess would leave the range of the dtype stop before.
Var GeneralizedPareto::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), loc, scale, concentration}, [&] {
    const Var waiting = -log(tapir::uniform(key_for(*this, key), shape));
    const Var longest = (largest_exponent(scale, waiting.dtype()) - 1) / maximum(concentration, 1);
    return quantile(*this, minimum(waiting, longest));
  });
}

Var GeneralizedPareto::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale, concentration}, [&] {
    const Var distance = (x - loc) / scale;
    const Var beyond = logical_or(distance == infinity, 1 + concentration * distance <= 0);
    const Var outside = logical_or(distance < 0, beyond);
    const Var z = (where(outside, loc, x) - loc) / scale;
    const Var growth = concentration * z;
    return unless(outside, -(z * log1p_ratio(growth)) - log1p(growth) - log(scale));
  });
}

Var GeneralizedPareto::mean(Where where) const {
  return composed(where, name, {loc, scale, concentration}, [&] {
    const Var exists = concentration < 1;
    return tapir::where(exists, loc + scale / (1 - tapir::where(exists, concentration, 0)), infinity);
  });
}

Var GeneralizedPareto::variance(Where where) const {
  return composed(where, name, {loc, scale, concentration}, [&] {
    const Var exists = concentration < 0.5;
    const Var k = tapir::where(exists, concentration, 0);
    const Var spread = square(scale / (1 - k)) / (1 - 2 * k);
    return stretched(tapir::where(exists, spread, infinity), batch_shape(*this, where), where);
  });
}

Var GeneralizedPareto::entropy(Where where) const {
  return composed(where, name, {loc, scale, concentration}, [&] {
    return stretched(log(scale) + concentration + 1, batch_shape(*this, where), where);
  });
}

Var GeneralizedPareto::cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale, concentration}, [&] {
    const Reach reach(*this, x);
    return where(reach.beyond, 1, -expm1(-reach.depth));
  });
}

Var GeneralizedPareto::icdf(Arg p) const {
  return composed(p.where, name, {p.var, loc, scale, concentration},
                  [&] { return quantile(*this, -log1p(-p)); });
}

Var GeneralizedPareto::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale, concentration}, [&] {
    const Reach reach(*this, x);
    return where(reach.none, -infinity, where(reach.beyond, 0, log1mexp(where(reach.none, 1, reach.depth))));
  });
}

Var GeneralizedPareto::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale, concentration}, [&] {
    const Reach reach(*this, x);
    return where(reach.beyond, -infinity, -reach.depth);
  });
}

Var GeneralizedPareto::isf(Arg q) const {
  return composed(q.where, name, {q.var, loc, scale, concentration},
                  [&] { return quantile(*this, -log(q)); });
}

}  // namespace tapir::vi
