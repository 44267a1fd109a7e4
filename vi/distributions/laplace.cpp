// Laplace: two exponential laws back to back.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/laplace.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>
#include <tapir/vi/renyi.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double log_2 = 0.69314718055994530942;

// p^alpha q^(1 - alpha) falls off by the sum of two rates outside of both locations, between them by their
// difference.
Var renyi_of(const Laplace& p, const Laplace& q, double alpha) {
  const Var own = alpha / p.scale, other = (1 - alpha) / q.scale, exists = own + other > 0;
  const Var d = abs(p.loc - q.loc), fall = abs(own - other) * d;
  const Var outside = (1 + exp(-fall)) / where(exists, own + other, 1);
  const Var logs = log(outside + d * expm1_ratio(-fall)) - minimum(own, other) * d;
  const Var scales = alpha * log(2 * p.scale) + (1 - alpha) * log(2 * q.scale);
  return where(exists, (logs - scales) / (alpha - 1), infinity);
}

const KlRow<Laplace, Laplace> laplace_laplace;
const RenyiRow<Laplace, renyi_of> laplace_renyi;

// The score above which q of the mass lies.
Var upper_score(const Var& q) {
  const Var lower = q > 0.5;
  const Var distance = -log(2 * where(lower, 1 - q, q));
  return where(lower, -distance, distance);
}

// The log probability of less than a score.
Var log_less(const Var& z) {
  const Var depth = abs(z);
  return where(z > 0, log1p(-0.5 * exp(-depth)), -depth - log_2);
}

}  // namespace

Var Laplace::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), loc, scale},
                  [&] { return icdf(uniform(key_for(*this, key), shape)); });
}

Var Laplace::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale},
                  [&] { return -abs((x - loc) / scale) - (log(scale) + log_2); });
}

Var Laplace::mean(Where where) const {
  return composed(where, name, {loc, scale},
                  [&] { return stretched(loc, batch_shape(*this, where), where); });
}

Var Laplace::variance(Where where) const {
  return composed(where, name, {loc, scale},
                  [&] { return stretched(2 * square(scale), batch_shape(*this, where), where); });
}

Var Laplace::entropy(Where where) const {
  return composed(where, name, {loc, scale},
                  [&] { return stretched(log(scale) + (1 + log_2), batch_shape(*this, where), where); });
}

Var Laplace::cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] {
    const Var z = (x - loc) / scale;
    const Var tail = 0.5 * exp(-abs(z));
    return where(z > 0, 1 - tail, tail);
  });
}

Var Laplace::icdf(Arg p) const {
  return composed(p.where, name, {p.var, loc, scale}, [&] { return loc - scale * upper_score(p); });
}

Var Laplace::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] { return log_less((x - loc) / scale); });
}

Var Laplace::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] { return log_less((loc - x) / scale); });
}

Var Laplace::isf(Arg q) const {
  return composed(q.where, name, {q.var, loc, scale}, [&] { return loc + scale * upper_score(q); });
}

Var kl(const Laplace& p, const Laplace& q, Where where) {
  return composed(where, "kl", {p.loc, p.scale, q.loc, q.scale}, [&] {
    const Var ratio = p.scale / q.scale;
    const Var distance = abs(p.loc - q.loc) / p.scale;
    // d + e^-d - 1 is where the locations enter: nothing cancels at d = 0.
    return ratio * (distance + expm1(-distance)) + (ratio - 1) - log(ratio);
  });
}

}  // namespace tapir::vi
