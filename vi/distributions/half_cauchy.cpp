// HalfCauchy: the size of a centred Cauchy.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/half_cauchy.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/vi/distributions/cauchy.hpp>
#include <tapir/vi/distributions/forms.hpp>

namespace tapir::vi {
namespace {

constexpr double half_pi = 1.57079632679489661923;
constexpr double two_over_pi = 0.63661977236758134308;
constexpr double log_2 = 0.69314718055994530942;
constexpr double log_2_pi = 1.83787706640934548356;

}  // namespace

Var HalfCauchy::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), scale},
                  [&] { return icdf(uniform(key_for(*this, key), shape)); });
}

Var HalfCauchy::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, scale}, [&] {
    const Var outside = x < 0;
    return unless(outside, Cauchy{0, scale}.log_prob(where(outside, 0, x)) + log_2);
  });
}

Var HalfCauchy::entropy(Where where) const {
  return composed(where, name, {scale}, [&] { return log(scale) + log_2_pi; });
}

Var HalfCauchy::cdf(Arg x) const {
  return composed(x.where, name, {x.var, scale}, [&] { return two_over_pi * atan(maximum(x, 0) / scale); });
}

Var HalfCauchy::icdf(Arg p) const {
  return composed(p.where, name, {p.var, scale}, [&] {
    const Var upper = p > 0.5;
    const Var t = tan(half_pi * where(upper, 1 - p, p));
    return scale * where(upper, 1 / where(upper, t, 1), t);
  });
}

}  // namespace tapir::vi
