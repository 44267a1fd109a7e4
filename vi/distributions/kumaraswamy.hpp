// Kumaraswamy: a law of the unit interval like Beta, with a closed distribution function.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// log p(x) = log a + log b + (a - 1) log x + (b - 1) log(1 - x^a),  0 < x < 1, a = concentration1, b =
/// concentration0
///
///   shapes    concentration1, concentration0, x broadcast together
///   gradient  pathwise in both, by the inverse of 1 - (1 - x^a)^b
///   domain    concentration1 > 0, concentration0 > 0; at x = 0 and x = 1 the density counts as 0
struct Kumaraswamy {
  Var concentration1 = 1.0, concentration0 = 1.0;

  static constexpr std::string_view name = "Kumaraswamy";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::unit_interval; }
  template <class F>
  Kumaraswamy each(F&& f) const {
    return {.concentration1 = f(ParameterInfo{"concentration1", Support::positive}, concentration1),
            .concentration0 = f(ParameterInfo{"concentration0", Support::positive}, concentration0)};
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

}  // namespace tapir::vi
