// HalfStudentT: the size of a centred StudentT; a prior of scales.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// |x|, x from StudentT{df, 0, scale}.
/// log p(x) = log 2 - (df + 1)/2 log(1 + z^2/df) - log B(df/2, 1/2) - log(df)/2 - log scale,  x >= 0,
/// z = x/scale
///
///   shapes    df, scale, x broadcast together
///   gradient  pathwise in df, scale, as StudentT
///   domain    df > 0, scale > 0
struct HalfStudentT {
  Var df = 1.0, scale = 1.0;

  static constexpr std::string_view name = "HalfStudentT";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::nonnegative; }
  template <class F>
  HalfStudentT each(F&& f) const {
    return {.df = f(ParameterInfo{"df", Support::positive}, df),
            .scale = f(ParameterInfo{"scale", Support::positive}, scale)};
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  /// 2 scale sqrt(df) / ((df - 1) B(df/2, 1/2)); inf for df <= 1
  Var mean(Where where = here()) const;
  /// inf for df <= 2
  Var variance(Where where = here()) const;
  Var entropy(Where where = here()) const;
  Var cdf(Arg x) const;
  /// With first derivatives by df, as those of the tails.
  Var icdf(Arg p) const;
  Var log_cdf(Arg x) const;
  Var log_sf(Arg x) const;
  Var isf(Arg q) const;
};

}  // namespace tapir::vi
