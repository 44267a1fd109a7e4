// Gaussian: what divergences of Gaussian vectors need, however their covariance is given; for laws only.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <optional>

#include <tapir/vi/distributions/normal.hpp>

namespace tapir::vi {

struct MultivariateNormal;

/// A covariance S = diag(deviation^2) + factor factor', of which one part may be absent, and its inverse as
/// two functions.
struct Gaussian {
  Index count = 0;
  Var loc;                       // [.., n]
  std::optional<Var> deviation;  // [.., n]
  std::optional<Var> factor;     // [.., n, m]
  Var half_log_det;              // log |S| / 2: [..]
  /// tr(S^-1 diag(d^2)): d [.., n] -> [..]
  std::function<Var(const Var& d)> of_diagonal;
  /// tr(S^-1 m m'): m [.., n, k] -> [..]
  std::function<Var(const Var& m)> of_columns;
};

/// Of n independent elements; parameters broadcast to [.., n].
Gaussian gaussian_of(const Normal& law, Index n);
Gaussian gaussian_of(const MultivariateNormal& law);

/// KL(p || q) = (tr(S_q^-1 S_p) + d' S_q^-1 d - n)/2 + (log |S_q| - log |S_p|)/2, d = p.loc - q.loc.
///
///   errors  "[kl] vectors of 3 and 2 elements"
Var kl(const Gaussian& p, const Gaussian& q, Where where);

}  // namespace tapir::vi
