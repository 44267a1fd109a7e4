// StudentT: a Gaussian of unknown scale; heavy tails.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// loc + scale n / sqrt(y), n standard normal, y from Gamma{df/2, df/2}.
/// log p(x) = -(df + 1)/2 log(1 + z^2/df) - log B(df/2, 1/2) - log(df)/2 - log scale,  z = (x - loc)/scale
///
///   shapes    df, loc, scale, x broadcast together
///   gradient  pathwise in df, loc, scale, through y
///   domain    df > 0, scale > 0
struct StudentT {
  Var df = 1.0, loc = 0.0, scale = 1.0;

  static constexpr std::string_view name = "StudentT";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::real; }
  template <class F>
  StudentT each(F&& f) const {
    return {.df = f(ParameterInfo{"df", Support::positive}, df),
            .loc = f(ParameterInfo{"loc", Support::real}, loc),
            .scale = f(ParameterInfo{"scale", Support::positive}, scale)};
  }

  /// Draws that would leave the range of the dtype, of a df far below 1, stop before.
  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  /// NaN for df <= 1: there is none
  Var mean(Where where = here()) const;
  /// inf for 1 < df <= 2, NaN below
  Var variance(Where where = here()) const;
  Var entropy(Where where = here()) const;
  Var cdf(Arg x) const;
  /// 2 cdf - 1, to the last digits about loc: the probability of being nearer to loc, with the sign of x - loc.
  Var within(Arg x) const;
  /// With first derivatives by df, as those of the tails.
  Var icdf(Arg p) const;
  Var log_cdf(Arg x) const;
  Var log_sf(Arg x) const;
  Var isf(Arg q) const;
};

/// The distance from loc, in units of scale, within which the share `part` lies, with its sign; rest = 1 - |part|.
Var student_t_distance(const Var& df, const Var& part, const Var& rest);

}  // namespace tapir::vi
