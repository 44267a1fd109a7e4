// LowRankMultivariateNormal: Gaussian vectors whose elements share few causes.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/distributions/multivariate_normal.hpp>

namespace tapir::vi {

/// loc + W z + sqrt(d) e, z [r] and e [n] standard normal, W = cov_factor, d = cov_diag: of covariance
/// S = W W' + diag(d).   log p(x) = -(x - loc)' S^-1 (x - loc)/2 - log |S|/2 - n log(2 pi)/2
///
/// The capacitance C = 1 + A'A, A = W/sqrt(d), is factored and S is not: log |S| = sum log d + log |C|, and
/// the square is |e - A y|^2 + |y|^2 at e = (x - loc)/sqrt(d), C y = A'e, the y at which it is smallest. So
/// nothing cancels, and errors of y count by their square.
///
///   shapes    loc [.., n], cov_factor [.., n, r], cov_diag [.., n], x [.., n]: a value has the axis of n;
///             those before broadcast
///   gradient  pathwise in loc, cov_factor, cov_diag
///   domain    cov_diag > 0. Columns of A that are parallel to rounding, and so large that 1 is lost beside
///             A'A, leave no factor of C: an error of cholesky, NaN where recorded
///   errors    "[LowRankMultivariateNormal] loc is f64[3], cov_factor is f64[2,1], cov_diag is f64[3];
///             cov_factor has to be of 3 rows, cov_diag of 3 elements"
///             "[LowRankMultivariateNormal] x is f64[2]; its last axes have to be [3]"
///   cost      log_prob O(n r^2) once and O(n r) per value
///   source    Woodbury 1950
struct LowRankMultivariateNormal {
  Var loc = 0.0, cov_factor = 0.0, cov_diag = 1.0;

  static constexpr std::string_view name = "LowRankMultivariateNormal";
  static constexpr bool pathwise = true;

  /// n
  Index count(Where where = here()) const;
  Shape own_shape() const { return {count()}; }
  Support support() const { return Support::real; }
  template <class F>
  LowRankMultivariateNormal each(F&& f) const {
    return {.loc = f(ParameterInfo{"loc", Support::real, 1}, loc),
            .cov_factor = f(ParameterInfo{"cov_factor", Support::real, 2}, cov_factor),
            .cov_diag = f(ParameterInfo{"cov_diag", Support::positive, 1}, cov_diag)};
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  /// The diagonal of the covariance.
  Var variance(Where where = here()) const;
  Var entropy(Where where = here()) const;
};

/// That of MultivariateNormal, in O(n r^2), or O(n^2 r) where one of them has a full factor; a Normal is one
/// of n independent elements.
///
///   shapes  the parameters' leading axes broadcast together
///   errors  "[kl] vectors of 3 and 2 elements"
Var kl(const LowRankMultivariateNormal& p, const LowRankMultivariateNormal& q, Where where = here());
Var kl(const LowRankMultivariateNormal& p, const MultivariateNormal& q, Where where = here());
Var kl(const MultivariateNormal& p, const LowRankMultivariateNormal& q, Where where = here());
Var kl(const LowRankMultivariateNormal& p, const Normal& q, Where where = here());
Var kl(const Normal& p, const LowRankMultivariateNormal& q, Where where = here());

}  // namespace tapir::vi
