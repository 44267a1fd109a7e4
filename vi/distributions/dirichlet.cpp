// Dirichlet: probabilities of several categories.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/dirichlet.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/special_laws.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>
#include <tapir/vi/renyi.hpp>

namespace tapir::vi {
namespace {

const KlRow<Dirichlet, Dirichlet> dirichlet_dirichlet;

// With the axis of the categories kept.
Var total_of(const Var& concentration) { return sum(concentration, -1, true); }

// What a density has beside its ratios.
Var rests(const Var& concentration) {
  return sum(stirling_rest(concentration), -1) - stirling_rest(sum(concentration, -1));
}

Between<Dirichlet> between(const Dirichlet& p, const Dirichlet& q, double alpha) {
  const Var a = q.concentration + alpha * (p.concentration - q.concentration),
            exists = logical_not(min(a, -1) <= 0);
  return {.law = {.concentration = where(expand_dims(exists, -1), a, 1)}, .exists = exists};
}

const RenyiRow<Dirichlet, renyi_between<Dirichlet, between>> dirichlet_renyi;

// The expectation of -log(x/mean).
Var mean_loss(const Var& concentration) {
  return log_minus_digamma(concentration) - log_minus_digamma(total_of(concentration));
}

}  // namespace

Index Dirichlet::count(Where where) const {
  (void)batch_shape(*this, where);
  return concentration.shape().back();
}

Var Dirichlet::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), concentration}, [&] {
    const Shape full = shape + Shape{count(where)};
    return inside_unit(softmax(log_gamma_draw(key_for(*this, key), concentration, full, where)));
  });
}

Var Dirichlet::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, concentration}, [&] {
    const Index n = count(x.where);
    if (x.rank() == 0 || x.shape().back() != n)
      throw Error(name, "x is " + x.type().str() + "; its last axis has to be of " + std::to_string(n),
                  x.where);
    const Var zero = x <= 0;
    const Var outside = logical_or(Support::simplex.excludes(x), sum(zero, -1) > 0);
    const Var inside = where(logical_or(zero, expand_dims(outside, -1)), 1 / static_cast<double>(n), x);
    const Var middle = concentration / total_of(concentration);
    const Var terms = log(inside) + concentration * itakura_saito(inside, middle);
    return unless(outside, rests(concentration) - sum(terms, -1));
  });
}

Var Dirichlet::mean(Where where) const {
  return composed(where, name, {concentration}, [&] { return concentration / total_of(concentration); });
}

Var Dirichlet::variance(Where where) const {
  return composed(where, name, {concentration}, [&] {
    const Var total = total_of(concentration);
    return (concentration / total) * ((total - concentration) / total) / (total + 1);
  });
}

Var Dirichlet::entropy(Where where) const {
  return composed(where, name, {concentration}, [&] {
    const Var terms =
        log(concentration / total_of(concentration)) + (concentration - 1) * mean_loss(concentration);
    return sum(terms, -1) - rests(concentration);
  });
}

Var kl(const Dirichlet& p, const Dirichlet& q, Where where) {
  return composed(where, "kl", {p.concentration, q.concentration}, [&] {
    if (p.count(where) != q.count(where))
      throw Error("kl",
                  "Dirichlets over " + std::to_string(p.count(where)) + " and " +
                      std::to_string(q.count(where)) + " categories",
                  where);
    const Var &a = p.concentration, &b = q.concentration;
    const Var all_a = total_of(a), all_b = total_of(b);
    const Var shift = log_ratio(a, b) - log_ratio(all_a, all_b);
    return sum(b * exp_remainder(shift) + stirling_excess(a, b), -1) -
           squeeze(stirling_excess(all_a, all_b), -1);
  });
}

}  // namespace tapir::vi
