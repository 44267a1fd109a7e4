// Binomial: successes among a number of trials.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/binomial.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/special_laws.hpp>
#include <tapir/autodiff/ops/special_tails.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

bool is_listed(const Binomial& law) { return are_few(law.total_count); }

const FiniteRow<Binomial, is_listed> binomial_values;

const KlRow<Binomial, Binomial> binomial_binomial;

}  // namespace

Binomial Binomial::probs(Arg total_count, Arg p) {
  check_parameter(name, "probs", p, Support::unit_interval, p.where);
  return {.total_count = total_count.var,
          .logits = composed(p.where, name, {p.var}, [&] { return log(p) - log1p(-p); })};
}

Var Binomial::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), total_count, logits},
                  [&] { return binomial_draw(key_for(*this, key), total_count, logits, shape, where); });
}

Var Binomial::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, total_count, logits}, [&] {
    const Var outside = support().excludes(x);
    const Var inside = where(outside, 0, x), rest = where(outside, 0, total_count - x);
    const Var rests = factorial_rest(inside) + (factorial_rest(rest) - factorial_rest(total_count));
    return unless(outside, rests - (share_loss(inside, rest, log_sigmoid(logits)) +
                                    share_loss(rest, inside, log_sigmoid(-logits))));
  });
}

Var Binomial::mean(Where where) const {
  return composed(where, name, {total_count, logits}, [&] { return total_count * sigmoid(logits); });
}

Var Binomial::variance(Where where) const {
  return composed(where, name, {total_count, logits},
                  [&] { return total_count * sigmoid(logits) * sigmoid(-logits); });
}

Var Binomial::cdf(Arg x) const {
  return composed(x.where, name, {x.var, total_count, logits}, [&] {
    const Var outside = logical_or(x < 0, x >= total_count);
    const Var next = where(outside, 0, floor(x)) + 1, left = where(outside, 1, total_count - floor(x));
    return where(outside, x >= total_count, exp(log_betainc(left, next, -logits)));
  });
}

Var Binomial::icdf(Arg p) const {
  return composed(p.where, name, {p.var, total_count, logits},
                  [&] { return binomial_quantile(total_count, logits, p); });
}

Var Binomial::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, total_count, logits}, [&] {
    return between_counts(x, log_cdf_ends, [&](const Var& k) {
      const Var all = k >= total_count, left = where(all, 1, total_count - k);
      return where(all, 0, log_betainc(left, k + 1, -logits));
    });
  });
}

Var Binomial::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, total_count, logits}, [&] {
    return between_counts(x, log_sf_ends, [&](const Var& k) {
      const Var all = k >= total_count, left = where(all, 1, total_count - k);
      return where(all, -infinity, log_betainc(k + 1, left, logits));
    });
  });
}

Var Binomial::isf(Arg q) const {
  return composed(q.where, name, {q.var, total_count, logits},
                  [&] { return binomial_quantile_above(total_count, logits, q); });
}

Var Binomial::enumerate(Where where) const {
  return counts_up_to(total_count, vi::dtype(parameters(*this)), name, where);
}

// With q's total: what p never leaves, the value 0, q gives the divergence of its own trials.
std::optional<Var> kl(const Binomial& p, const Binomial& q, Where where) {
  if (!same_value(p.total_count, q.total_count)) {
    if (p.total_count.is_recorded() || q.total_count.is_recorded()) return std::nullopt;
    if (sum(p.total_count < q.total_count).item() > 0) return std::nullopt;
  }
  return composed(where, "kl", {p.total_count, p.logits, q.total_count, q.logits}, [&] {
    const Var trial = coin_divergence(p.logits, q.logits);
    const Var excluded = logical_and(p.total_count > q.total_count, p.logits > -infinity);
    const Var all = tapir::where(q.total_count == 0, 0, q.total_count * trial);
    return tapir::where(excluded, infinity, all);
  });
}

}  // namespace tapir::vi
