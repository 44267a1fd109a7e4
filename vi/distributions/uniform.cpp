// Uniform: the flat law of an interval.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/uniform.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

const KlRow<Uniform, Uniform> uniform_uniform;

}  // namespace

Var Uniform::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), low, high},
                  [&] { return icdf(tapir::uniform(key_for(*this, key), shape)); });
}

Var Uniform::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, low, high}, [&] {
    const Var outside = logical_or(x<low, x> high);
    return where(isnan(x), x, unless(outside, -log(high - low)));
  });
}

Var Uniform::mean(Where where) const {
  return composed(where, name, {low, high}, [&] { return 0.5 * low + 0.5 * high; });
}

Var Uniform::variance(Where where) const {
  return composed(where, name, {low, high}, [&] { return square(high - low) / 12; });
}

Var Uniform::entropy(Where where) const {
  return composed(where, name, {low, high}, [&] { return log(high - low); });
}

Var Uniform::cdf(Arg x) const {
  return composed(x.where, name, {x.var, low, high}, [&] { return clamp((x - low) / (high - low), 0, 1); });
}

// Both ends weighed: their difference could overflow. Rounding may step over an end.
Var Uniform::icdf(Arg p) const {
  return composed(p.where, name, {p.var, low, high},
                  [&] { return clamp((1 - p) * low + p * high, low, high); });
}

Var Uniform::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, low, high}, [&] {
    const Var share = (x - low) / (high - low), none = share <= 0;
    return where(none, -infinity, log(minimum(where(none, 1, share), 1)));
  });
}

Var Uniform::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, low, high}, [&] {
    const Var share = (high - x) / (high - low), none = share <= 0;
    return where(none, -infinity, log(minimum(where(none, 1, share), 1)));
  });
}

Var Uniform::isf(Arg q) const {
  return composed(q.where, name, {q.var, low, high},
                  [&] { return clamp((1 - q) * high + q * low, low, high); });
}

Var kl(const Uniform& p, const Uniform& q, Where where) {
  return composed(where, "kl", {p.low, p.high, q.low, q.high}, [&] {
    const Var excluded = logical_or(p.low<q.low, p.high> q.high);
    return tapir::where(excluded, infinity, log((q.high - q.low) / (p.high - p.low)));
  });
}

}  // namespace tapir::vi
