// Cauchy: a bell without moments.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/cauchy.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double pi = 3.14159265358979323846;
constexpr double inverse_pi = 0.31830988618379067154;
constexpr double log_pi = 1.14472988584940017414;
constexpr double log_4_pi = 2.53102424696929079294;

const KlRow<Cauchy, Cauchy> cauchy_cauchy;

// The log probability of less than a score.
Var log_less(const Var& z) {
  const Var none = z == -infinity;
  return where(none, -infinity, log(inverse_pi * atan2(1, where(none, 0, -z))));
}

// The score above which q of the mass lies: the cotangent of the angle to the nearer end, since the tangent would lose
// its digits in the tails.
Var upper_score(const Var& q) {
  const Var lower = q > 0.5;
  const Var cotangent = 1 / tan(pi * where(lower, 1 - q, q));
  return where(lower, -cotangent, cotangent);
}

}  // namespace

Var Cauchy::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), loc, scale},
                  [&] { return icdf(uniform(key_for(*this, key), shape)); });
}

Var Cauchy::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale},
                  [&] { return (log(scale) - log_pi) - 2 * log_hypot(x - loc, scale); });
}

Var Cauchy::entropy(Where where) const {
  return composed(where, name, {loc, scale},
                  [&] { return stretched(log(scale) + log_4_pi, batch_shape(*this, where), where); });
}

Var Cauchy::cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale},
                  [&] { return inverse_pi * atan2(1, (loc - x) / scale); });
}

Var Cauchy::icdf(Arg p) const {
  return composed(p.where, name, {p.var, loc, scale}, [&] { return loc - scale * upper_score(p); });
}

Var Cauchy::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] { return log_less((x - loc) / scale); });
}

Var Cauchy::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale}, [&] { return log_less((loc - x) / scale); });
}

Var Cauchy::isf(Arg q) const {
  return composed(q.where, name, {q.var, loc, scale}, [&] { return loc + scale * upper_score(q); });
}

Var kl(const Cauchy& p, const Cauchy& q, Where where) {
  return composed(where, "kl", {p.loc, p.scale, q.loc, q.scale}, [&] {
    const auto over_both = [&](const Var& d) { return (d / p.scale) * (d / q.scale); };
    return log1p(0.25 * (over_both(p.scale - q.scale) + over_both(p.loc - q.loc)));
  });
}

}  // namespace tapir::vi
