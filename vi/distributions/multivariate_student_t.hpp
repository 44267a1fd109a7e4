// MultivariateStudentT: Gaussian vectors of one unknown scale; heavy tails.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// loc + L z / sqrt(y), z [n] standard normal, L = scale_tril, one y per vector from Gamma{df/2, df/2}.
/// log p(x) = log Gamma((df + n)/2) - log Gamma(df/2) - n log(pi df)/2 - sum log diag(L)
///            - (df + n)/2 log(1 + |z|^2/df),  L z = x - loc
///
///   shapes    df [..], loc [.., n], scale_tril [.., n, n], x [.., n]: the last axes are a value's own; those
///             before broadcast
///   gradient  pathwise in df, loc, scale_tril: by df through y
///   domain    df > 0; L lower triangular, positive on the diagonal; what a recorded one has above it is not
///             read
///   errors    "[MultivariateStudentT] loc is f64[3], scale_tril is f64[2,2]; it has to be of 3 rows and
///             columns"
///             "[MultivariateStudentT] x is f64[2]; its last axes have to be [3]"
struct MultivariateStudentT {
  Var df = 1.0, loc = 0.0, scale_tril = 1.0;

  static constexpr std::string_view name = "MultivariateStudentT";
  static constexpr bool pathwise = true;

  /// n
  Index count(Where where = here()) const;
  Shape own_shape() const { return {count()}; }
  Support support() const { return Support::real; }
  template <class F>
  MultivariateStudentT each(F&& f) const {
    return {.df = f(ParameterInfo{"df", Support::positive}, df),
            .loc = f(ParameterInfo{"loc", Support::real, 1}, loc),
            .scale_tril = f(ParameterInfo{"scale_tril", Support::lower_cholesky, 2}, scale_tril)};
  }

  /// Draws that would leave the range of the dtype, of a df far below 1, stop before.
  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  /// NaN for df <= 1: there is none
  Var mean(Where where = here()) const;
  /// Of each element; inf for 1 < df <= 2, NaN below
  Var variance(Where where = here()) const;
  Var entropy(Where where = here()) const;
};

}  // namespace tapir::vi
