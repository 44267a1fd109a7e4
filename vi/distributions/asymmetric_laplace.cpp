// AsymmetricLaplace: two exponential laws of different scales, back to back.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/asymmetric_laplace.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>

namespace tapir::vi {
namespace {

// The tail at x, the lower one below loc and the upper one above.
struct Tail {
  Tail(const AsymmetricLaplace& law, const Var& x) : below(x < law.loc) {
    const Var left = law.scale * law.asymmetry, right = law.scale / law.asymmetry;
    const Var side = where(below, left, right);
    log_mass = log(side / (left + right)) - abs(x - law.loc) / side;
  }
  Var below, log_mass;
};

}  // namespace

Var AsymmetricLaplace::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), loc, scale, asymmetry},
                  [&] { return icdf(uniform(key_for(*this, key), shape)); });
}

Var AsymmetricLaplace::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale, asymmetry}, [&] {
    const Var left = scale * asymmetry, right = scale / asymmetry;
    return -abs(x - loc) / where(x < loc, left, right) - log(left + right);
  });
}

Var AsymmetricLaplace::mean(Where where) const {
  return composed(where, name, {loc, scale, asymmetry},
                  [&] { return loc + scale * (1 / asymmetry - asymmetry); });
}

Var AsymmetricLaplace::variance(Where where) const {
  return composed(where, name, {loc, scale, asymmetry}, [&] {
    const Var both = square(scale * asymmetry) + square(scale / asymmetry);
    return stretched(both, batch_shape(*this, where), where);
  });
}

Var AsymmetricLaplace::entropy(Where where) const {
  return composed(where, name, {loc, scale, asymmetry}, [&] {
    const Var total = scale * asymmetry + scale / asymmetry;
    return stretched(1 + log(total), batch_shape(*this, where), where);
  });
}

Var AsymmetricLaplace::cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale, asymmetry}, [&] {
    const Tail tail(*this, x);
    const Var mass = exp(tail.log_mass);
    return where(tail.below, mass, 1 - mass);
  });
}

// The tail in which p lies, as a fraction of its mass.
Var AsymmetricLaplace::icdf(Arg p) const {
  return composed(p.where, name, {p.var, loc, scale, asymmetry}, [&] {
    const Var left = scale * asymmetry, right = scale / asymmetry;
    const Var mass = left / (left + right);
    const Var below = p < mass;
    const Var fraction = where(below, p, 1 - p) * (left + right) / where(below, left, right);
    return loc + where(below, left, -right) * log(fraction);
  });
}

Var AsymmetricLaplace::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale, asymmetry}, [&] {
    const Tail tail(*this, x);
    return where(tail.below, tail.log_mass, log1p(-exp(tail.log_mass)));
  });
}

Var AsymmetricLaplace::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale, asymmetry}, [&] {
    const Tail tail(*this, x);
    return where(tail.below, log1p(-exp(tail.log_mass)), tail.log_mass);
  });
}

Var AsymmetricLaplace::isf(Arg q) const {
  return composed(q.where, name, {q.var, loc, scale, asymmetry}, [&] {
    const Var left = scale * asymmetry, right = scale / asymmetry;
    const Var above = q < right / (left + right);
    const Var fraction = where(above, q, 1 - q) * (left + right) / where(above, right, left);
    return loc + where(above, -right, left) * log(fraction);
  });
}

}  // namespace tapir::vi
