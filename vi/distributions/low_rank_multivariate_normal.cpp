// LowRankMultivariateNormal: Gaussian vectors whose elements share few causes.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/low_rank_multivariate_normal.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/gaussian.hpp>
#include <tapir/vi/distributions/vectors.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

using LowRank = LowRankMultivariateNormal;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double half_log_2pi = 0.91893853320467274178;

const KlRow<LowRank, LowRank> low_low;
const KlRow<LowRank, MultivariateNormal> low_full;
const KlRow<MultivariateNormal, LowRank> full_low;
const KlRow<LowRank, Normal> low_diagonal;
const KlRow<Normal, LowRank> diagonal_low;

struct Capacitance {
  Var deviation;  // sqrt(d): [.., n]
  Var scaled;     // A: [.., n, r]
  Var root;       // the factor of C: [.., r, r]

  explicit Capacitance(const LowRank& law)
      : deviation(sqrt(law.cov_diag)), scaled(law.cov_factor / expand_dims(deviation, -1)) {
    const Var gram = matmul(scaled, scaled, {.transpose_a = true});
    root = cholesky(gram + identity(gram.shape().back(), gram));
  }

  Var half_log_det() const { return sum(log(deviation), -1) + vi::half_log_det(root); }
  // C^-1 A'e for columns e: of all leading axes that either has.
  Var squares(const Var& columns) const {
    const Var e = columns / expand_dims(deviation, -1);
    const Shape lead = joined("kl", leading(scaled, 2), leading(e, 2), here());
    const Var a = factor(scaled, lead), all = stretched_matrices(e, lead);
    const Var y = cholesky_solve(factor(root, lead), matmul(transpose(a), all));
    return sum(square(all - matmul(a, y)), {-2, -1}) + sum(square(y), {-2, -1});
  }
  // The diagonal of S^-1 diag(d), which is 1 - the diagonal of A C^-1 A'.
  Var diagonal(const Var& d) const {
    const Var leverage = sum(square(triangular_solve(root, transpose(scaled))), -2);
    return sum(square(d / deviation) * (1 - leverage), -1);
  }
};

Gaussian gaussian_of(const LowRank& law, Where where) {
  const Index n = law.count(where);
  const Capacitance capacitance(law);
  return {.count = n,
          .loc = law.loc,
          .deviation = capacitance.deviation,
          .factor = law.cov_factor,
          .half_log_det = capacitance.half_log_det(),
          .of_diagonal = [capacitance](const Var& d) { return capacitance.diagonal(d); },
          .of_columns = [capacitance](const Var& m) { return capacitance.squares(m); }};
}

}  // namespace

Index LowRankMultivariateNormal::count(Where where) const {
  (void)batch_shape(*this, where);
  const Index n = loc.shape().back();
  if (cov_factor.shape()[-2] != n || cov_diag.shape().back() != n)
    throw Error(name,
                "loc is " + loc.type().str() + ", cov_factor is " + cov_factor.type().str() +
                    ", cov_diag is " + cov_diag.type().str() + "; cov_factor has to be of " +
                    std::to_string(n) + " rows, cov_diag of " + std::to_string(n) + " elements",
                where);
  return n;
}

Var LowRankMultivariateNormal::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), loc, cov_factor, cov_diag}, [&] {
    const Key own = key_for(*this, key);
    const Var shared = normal(own / "shared", shape + Shape{cov_factor.shape().back()});
    const Var single = normal(own / "single", shape + Shape{count(where)});
    return loc + product(cov_factor, shared, false, where) + sqrt(cov_diag) * single;
  });
}

Var LowRankMultivariateNormal::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, loc, cov_factor, cov_diag}, [&] {
    const Index n = count(x.where);
    require_own(name, x, {n});
    const Var outside = max(abs(x), -1) == infinity;
    const Capacitance capacitance(*this);
    const Var e = where(expand_dims(outside, -1), 0, x - loc) / capacitance.deviation;
    const Var right = product(capacitance.scaled, e, true, x.where);
    const Var y = solved(capacitance.root, solved(capacitance.root, right, false, x.where), true, x.where);
    const Var rest = e - product(capacitance.scaled, y, false, x.where);
    const Var distance = sum(square(rest), -1) + sum(square(y), -1);
    const Var constant = capacitance.half_log_det() + static_cast<double>(n) * half_log_2pi;
    return where(outside, -infinity, -0.5 * distance - constant);
  });
}

Var LowRankMultivariateNormal::mean(Where where) const {
  return composed(where, name, {loc, cov_factor, cov_diag},
                  [&] { return stretched(loc, batch_shape(*this, where) + own_shape(), where); });
}

Var LowRankMultivariateNormal::variance(Where where) const {
  return composed(where, name, {loc, cov_factor, cov_diag}, [&] {
    return stretched(sum(square(cov_factor), -1) + cov_diag, batch_shape(*this, where) + own_shape(), where);
  });
}

Var LowRankMultivariateNormal::entropy(Where where) const {
  return composed(where, name, {loc, cov_factor, cov_diag}, [&] {
    const auto n = static_cast<double>(count(where));
    const Var constant = Capacitance(*this).half_log_det() + n * (half_log_2pi + 0.5);
    return stretched(constant, batch_shape(*this, where), where);
  });
}

Var kl(const LowRank& p, const LowRank& q, Where where) {
  return composed(where, "kl", {p.loc, p.cov_factor, p.cov_diag, q.loc, q.cov_factor, q.cov_diag},
                  [&] { return kl(gaussian_of(p, where), gaussian_of(q, where), where); });
}

Var kl(const LowRank& p, const MultivariateNormal& q, Where where) {
  return composed(where, "kl", {p.loc, p.cov_factor, p.cov_diag, q.loc, q.scale_tril},
                  [&] { return kl(gaussian_of(p, where), gaussian_of(q), where); });
}

Var kl(const MultivariateNormal& p, const LowRank& q, Where where) {
  return composed(where, "kl", {p.loc, p.scale_tril, q.loc, q.cov_factor, q.cov_diag},
                  [&] { return kl(gaussian_of(p), gaussian_of(q, where), where); });
}

Var kl(const LowRank& p, const Normal& q, Where where) {
  return composed(where, "kl", {p.loc, p.cov_factor, p.cov_diag, q.loc, q.scale},
                  [&] { return kl(gaussian_of(p, where), gaussian_of(q, p.count(where)), where); });
}

Var kl(const Normal& p, const LowRank& q, Where where) {
  return composed(where, "kl", {p.loc, p.scale, q.loc, q.cov_factor, q.cov_diag},
                  [&] { return kl(gaussian_of(p, q.count(where)), gaussian_of(q, where), where); });
}

}  // namespace tapir::vi
