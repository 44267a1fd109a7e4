// MultivariateNormal: the Gaussian law of vectors.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/distributions/normal.hpp>

namespace tapir::vi {

/// Gaussian vectors: loc + L z, z standard normal, L = scale_tril, of covariance L L'.
/// log p(x) = -|z|^2 / 2 - sum log diag(L) - n log(2 pi)/2,  L z = x - loc
///
///   shapes    loc [.., n], scale_tril [.., n, n], x [.., n]: the last axes are a value's own; those before
///             broadcast
///   gradient  pathwise in loc, scale_tril: dx = dloc + dL z;
///             of log p: by x -L^-T z, by loc L^-T z, by scale_tril the lower triangle of L^-T (z z' - 1)
///   domain    L lower triangular, positive on the diagonal; what a recorded one has above it is not read
///   errors    "[MultivariateNormal] scale_tril is 0 at [1,1] of f64[2,2], needs to be positive on the
///             diagonal"
///             "[MultivariateNormal] loc is f64[3], scale_tril is f64[2,2]; it has to be of 3 rows and
///             columns"
///             "[MultivariateNormal] x is f64[2]; its last axis has to be of 3"
struct MultivariateNormal {
  Var loc = 0.0, scale_tril = 1.0;

  /// scale_tril = the Cholesky factor.
  ///
  ///   errors  "[MultivariateNormal] covariance is not positive definite"
  ///           "[MultivariateNormal] covariance is 2 at [0,1] of f64[2,2], needs to be 1 as its mirror image"
  static MultivariateNormal covariance(Var loc, Arg matrix);
  /// scale_tril = the Cholesky factor of the inverse of `matrix`, which is not formed.
  ///
  ///   errors  those of covariance, of "precision"
  static MultivariateNormal precision(Var loc, Arg matrix);

  static constexpr std::string_view name = "MultivariateNormal";
  static constexpr bool pathwise = true;

  /// n
  Index count(Where where = here()) const;
  Shape own_shape() const { return {count()}; }
  Support support() const { return Support::real; }
  template <class F>
  MultivariateNormal each(F&& f) const {
    return {.loc = f(ParameterInfo{"loc", Support::real, 1}, loc),
            .scale_tril = f(ParameterInfo{"scale_tril", Support::lower_cholesky, 2}, scale_tril)};
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  /// The diagonal of the covariance.
  Var variance(Where where = here()) const;
  Var entropy(Where where = here()) const;
};

/// KL(p || q) = (|M|^2 + |d|^2 - n)/2 - sum log diag(M), q.L M = p.L, q.L d = p.loc - q.loc, |M| the norm of
/// Frobenius.
///
///   shapes  the parameters' leading axes broadcast together
///   errors  "[kl] vectors of 3 and 2 elements"
Var kl(const MultivariateNormal& p, const MultivariateNormal& q, Where where = here());
/// The same where one of them is a Normal of n independent elements: loc and scale broadcast to [.., n].
Var kl(const Normal& p, const MultivariateNormal& q, Where where = here());
Var kl(const MultivariateNormal& p, const Normal& q, Where where = here());

}  // namespace tapir::vi
