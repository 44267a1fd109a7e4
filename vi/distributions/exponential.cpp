// Exponential: waiting times without memory.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/exponential.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const KlRow<Exponential, Exponential> exponential_exponential;

}  // namespace

Var Exponential::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), rate},
                  [&] { return icdf(uniform(key_for(*this, key), shape)); });
}

Var Exponential::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, rate}, [&] {
    const Var outside = x < 0;
    return unless(outside, log(rate) - rate * where(outside, 0, x));
  });
}

Var Exponential::mean(Where where) const {
  return composed(where, name, {rate}, [&] { return 1 / rate; });
}

Var Exponential::variance(Where where) const {
  return composed(where, name, {rate}, [&] { return 1 / square(rate); });
}

Var Exponential::entropy(Where where) const {
  return composed(where, name, {rate}, [&] { return 1 - log(rate); });
}

Var Exponential::cdf(Arg x) const {
  return composed(x.where, name, {x.var, rate}, [&] { return -expm1(-rate * maximum(x, 0)); });
}

Var Exponential::icdf(Arg p) const {
  return composed(p.where, name, {p.var, rate}, [&] { return -log1p(-p) / rate; });
}

Var Exponential::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, rate}, [&] {
    const Var outside = x <= 0;
    return where(outside, -infinity, log1mexp(rate * where(outside, 1, x)));
  });
}

Var Exponential::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, rate}, [&] { return -rate * maximum(x, 0); });
}

Var Exponential::isf(Arg q) const {
  return composed(q.where, name, {q.var, rate}, [&] { return -log(q) / rate; });
}

Var kl(const Exponential& p, const Exponential& q, Where where) {
  return composed(where, "kl", {p.rate, q.rate}, [&] {
    const Var ratio = q.rate / p.rate;
    return (ratio - 1) - log(ratio);
  });
}

}  // namespace tapir::vi
