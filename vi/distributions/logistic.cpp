// Logistic: the law whose distribution function is the sigmoid.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/logistic.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>

namespace tapir::vi {
namespace {

constexpr double third_pi_squared = 3.28986813369645287294;

}  // namespace

Var Logistic::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), loc, scale},
                  [&] { return icdf(uniform(key_for(*this, key), shape)); });
}

Var Logistic::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] {
    const Var z = (x - loc) / scale;
    return (log_sigmoid(z) + log_sigmoid(-z)) - log(scale);
  });
}

Var Logistic::mean(Where where) const {
  return composed(where, name, {loc, scale},
                  [&] { return stretched(loc, batch_shape(*this, where), where); });
}

Var Logistic::variance(Where where) const {
  return composed(where, name, {loc, scale}, [&] {
    return stretched(third_pi_squared * square(scale), batch_shape(*this, where), where);
  });
}

Var Logistic::entropy(Where where) const {
  return composed(where, name, {loc, scale},
                  [&] { return stretched(log(scale) + 2, batch_shape(*this, where), where); });
}

Var Logistic::cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] { return sigmoid((x - loc) / scale); });
}

Var Logistic::icdf(Arg p) const {
  return composed(p.where, name, {p.var, loc, scale}, [&] { return loc + scale * logit(p); });
}

Var Logistic::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] { return log_sigmoid((x - loc) / scale); });
}

Var Logistic::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] { return log_sigmoid((loc - x) / scale); });
}

Var Logistic::isf(Arg q) const {
  return composed(q.where, name, {q.var, loc, scale}, [&] { return loc - scale * logit(q); });
}

}  // namespace tapir::vi
