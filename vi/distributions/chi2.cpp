// Chi2: sums of squares of standard normal numbers.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/chi2.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/vi/distributions/gamma.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

Gamma gamma_of(const Chi2& law) { return {.concentration = 0.5 * law.df, .rate = 0.5}; }

std::optional<Var> moment_of(const Chi2& law, Moment which) { return moment(gamma_of(law), which, here()); }

std::optional<Var> cross_entropy(const Distribution& p, const Chi2& q, Where where) {
  return composed(where, "kl", {q.df},
                  [&] { return vi::cross_entropy(p, Distribution(gamma_of(q)), where); });
}

const MomentRow<Chi2, moment_of> chi2_moments;
const CrossRow<Chi2, cross_entropy> any_chi2;

const KlRow<Chi2, Chi2> chi2_chi2;
const KlRow<Chi2, Gamma> chi2_gamma;

}  // namespace

Var Chi2::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), df},
                  [&] { return gamma_of(*this).sample(key, shape, where); });
}

Var Chi2::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, df}, [&] { return gamma_of(*this).log_prob(x); });
}

Var Chi2::mean(Where) const { return df; }

Var Chi2::variance(Where where) const {
  return composed(where, name, {df}, [&] { return 2 * df; });
}

Var Chi2::entropy(Where where) const {
  return composed(where, name, {df}, [&] { return gamma_of(*this).entropy(where); });
}

Var Chi2::cdf(Arg x) const {
  return composed(x.where, name, {x.var, df}, [&] { return gamma_of(*this).cdf(x); });
}

Var Chi2::icdf(Arg p) const {
  return composed(p.where, name, {p.var, df}, [&] { return gamma_of(*this).icdf(p); });
}

Var Chi2::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, df}, [&] { return gamma_of(*this).log_cdf(x); });
}

Var Chi2::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, df}, [&] { return gamma_of(*this).log_sf(x); });
}

Var Chi2::isf(Arg q) const {
  return composed(q.where, name, {q.var, df}, [&] { return gamma_of(*this).isf(q); });
}

Var kl(const Chi2& p, const Chi2& q, Where where) {
  return composed(where, "kl", {p.df, q.df}, [&] { return kl(gamma_of(p), gamma_of(q), where); });
}

Var kl(const Chi2& p, const Gamma& q, Where where) {
  return composed(where, "kl", {p.df, q.concentration, q.rate}, [&] { return kl(gamma_of(p), q, where); });
}

}  // namespace tapir::vi
