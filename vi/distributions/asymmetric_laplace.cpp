// AsymmetricLaplace: two exponential laws of different scales, back to back.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/asymmetric_laplace.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>

namespace tapir::vi {

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
    const Var left = scale * asymmetry, right = scale / asymmetry;
    const Var below = x < loc;
    const Var tail =
        where(below, left, right) / (left + right) * exp(-abs(x - loc) / where(below, left, right));
    return where(below, tail, 1 - tail);
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

}  // namespace tapir::vi
