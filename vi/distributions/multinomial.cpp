// Multinomial: how many of a number of trials fall into each category.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/multinomial.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

const KlRow<Multinomial, Multinomial> multinomial_multinomial;

}  // namespace

Multinomial Multinomial::probs(Arg total_count, Arg p) {
  return {.total_count = total_count.var, .logits = log_weights(name, p)};
}

Index Multinomial::count(Where where) const {
  (void)batch_shape(*this, where);
  return logits.shape().back();
}

Var Multinomial::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), total_count, logits},
                  [&] { return multinomial_draw(key_for(*this, key), total_count, logits, shape, where); });
}

Var Multinomial::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, total_count, logits}, [&] {
    require_last_axis(name, x, count(x.where));
    const Var outside = support().excludes(x), total = expand_dims(total_count, -1);
    const Var known = logical_not(expand_dims(outside, -1));
    const Var inside = where(known, x, 0), rest = where(known, total - x, 0);
    const Var parts = factorial_rest(inside) - share_loss(inside, rest, log_softmax(logits));
    return unless(outside, sum(parts, -1) - factorial_rest(total_count));
  });
}

Var Multinomial::mean(Where where) const {
  return composed(where, name, {total_count, logits},
                  [&] { return expand_dims(total_count, -1) * softmax(logits); });
}

Var Multinomial::variance(Where where) const {
  return composed(where, name, {total_count, logits}, [&] {
    const Var p = softmax(logits);
    return expand_dims(total_count, -1) * p * (1 - p);
  });
}

std::optional<Var> Multinomial::enumerate(Where where) const {
  return counts_of_sum(total_count, count(where), vi::dtype(parameters(*this)));
}

Var kl(const Multinomial& p, const Multinomial& q, Where where) {
  if (p.count(where) != q.count(where))
    throw Error("kl",
                "Multinomials over " + std::to_string(p.count(where)) + " and " +
                    std::to_string(q.count(where)) + " categories",
                where);
  return composed(where, "kl", {p.total_count, p.logits, q.total_count, q.logits}, [&] {
    const Var trial = choice_divergence(p.logits, q.logits);
    const Var all = tapir::where(p.total_count == 0, 0, p.total_count * trial);
    return tapir::where(p.total_count == q.total_count, all, infinity);
  });
}

}  // namespace tapir::vi
