// BetaBinomial: binomial counts of a probability that is a beta variable.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/beta_binomial.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

bool is_listed(const BetaBinomial& law) { return are_few(law.total_count); }

const FiniteRow<BetaBinomial, is_listed> beta_binomial_values;

}  // namespace

Var BetaBinomial::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), concentration1, concentration0, total_count}, [&] {
    const Key own = key_for(*this, key);
    const Var logits = log_gamma_draw(own / "1", concentration1, shape, where) -
                       log_gamma_draw(own / "0", concentration0, shape, where);
    return binomial_draw(own / "count", total_count, logits, shape, where);
  });
}

Var BetaBinomial::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, concentration1, concentration0, total_count}, [&] {
    const Var outside = support().excludes(x);
    const Var inside = where(outside, 0, x), rest = where(outside, 0, total_count - x);
    const Var total = concentration1 + concentration0;
    const Var parts = urn_part(inside, concentration1, inside + rest, total) +
                      urn_part(rest, concentration0, inside + rest, total);
    return unless(outside, parts + urn_total(total_count, total));
  });
}

Var BetaBinomial::mean(Where where) const {
  return composed(where, name, {concentration1, concentration0, total_count},
                  [&] { return total_count * (concentration1 / (concentration1 + concentration0)); });
}

Var BetaBinomial::variance(Where where) const {
  return composed(where, name, {concentration1, concentration0, total_count}, [&] {
    const Var total = concentration1 + concentration0;
    const Var p = concentration1 / total, q = concentration0 / total;
    return total_count * p * q * ((total + total_count) / (total + 1));
  });
}

Var BetaBinomial::enumerate(Where where) const {
  return counts_up_to(total_count, vi::dtype(parameters(*this)), name, where);
}

}  // namespace tapir::vi
