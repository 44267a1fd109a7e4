// Chi2: sums of squares of standard normal numbers.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

struct Gamma;

/// Gamma{df/2, 1/2}: the sum of df squares of standard normal numbers.
/// log p(x) = (df/2 - 1) log x - x/2 - log Gamma(df/2) - df/2 log 2,  x > 0
///
///   shapes    df, x broadcast together
///   gradient  pathwise in df, as Gamma in its concentration
///   domain    df > 0; at x = 0 the density counts as 0
struct Chi2 {
  Var df = 1.0;

  static constexpr std::string_view name = "Chi2";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::positive; }
  template <class F>
  Chi2 each(F&& f) const {
    return {.df = f(ParameterInfo{"df", Support::positive}, df)};
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  Var variance(Where where = here()) const;
  Var entropy(Where where = here()) const;
  Var cdf(Arg x) const;
  Var icdf(Arg p) const;
  Var log_cdf(Arg x) const;
  Var log_sf(Arg x) const;
  Var isf(Arg q) const;
};

/// KL(p || q) = (p.df - q.df)/2 digamma(p.df/2) - log Gamma(p.df/2) + log Gamma(q.df/2)
///
///   shapes  the parameters broadcast together
Var kl(const Chi2& p, const Chi2& q, Where where = here());
/// As Gamma{df/2, 1/2}; that to Exponential needs no more than the mean.
Var kl(const Chi2& p, const Gamma& q, Where where = here());

}  // namespace tapir::vi
