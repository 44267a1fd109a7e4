// DirichletMultinomial: multinomial counts of probabilities from a Dirichlet law.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/dirichlet_multinomial.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/forms.hpp>

namespace tapir::vi {

Index DirichletMultinomial::count(Where where) const {
  (void)batch_shape(*this, where);
  return concentration.shape().back();
}

Var DirichletMultinomial::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), concentration, total_count}, [&] {
    const Key own = key_for(*this, key);
    const Var logits = log_gamma_draw(own / "probs", concentration, shape + Shape{count(where)}, where);
    return multinomial_draw(own / "counts", total_count, logits, shape, where);
  });
}

Var DirichletMultinomial::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, concentration, total_count}, [&] {
    require_last_axis(name, x, count(x.where));
    const Var outside = support().excludes(x), inside = where(expand_dims(outside, -1), 0, x);
    const Var total = sum(concentration, -1, true), draws = sum(inside, -1, true);
    const Var parts = sum(urn_part(inside, concentration, draws, total), -1);
    return unless(outside, parts + urn_total(total_count, squeeze(total, -1)));
  });
}

Var DirichletMultinomial::mean(Where where) const {
  return composed(where, name, {concentration, total_count}, [&] {
    return expand_dims(total_count, -1) * (concentration / sum(concentration, -1, true));
  });
}

Var DirichletMultinomial::variance(Where where) const {
  return composed(where, name, {concentration, total_count}, [&] {
    const Var total = sum(concentration, -1, true), trials = expand_dims(total_count, -1);
    const Var p = concentration / total, q = (total - concentration) / total;
    return trials * p * q * ((total + trials) / (total + 1));
  });
}

std::optional<Var> DirichletMultinomial::enumerate(Where where) const {
  return counts_of_sum(total_count, count(where), vi::dtype(parameters(*this)));
}

}  // namespace tapir::vi
