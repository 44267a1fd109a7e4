// Bounded: a law of numbers and two bounds. For laws only.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/distribution.hpp>

namespace tapir::vi {

/// What Truncated and Censored hold. An infinite bound is a bare number, and no parameter.
struct Bounded {
  Distribution base;
  Var low, high;

  /// "base.loc", "low", "high", in this order.
  Bounded each(const ParameterMap& f) const;
  /// [low, high], without an end that is infinite.
  Support between() const;
  /// Throws as law `of`.
  ///
  ///   errors  "[Truncated] Poisson has no tails; needs log_cdf, log_sf and isf"
  void require_tails(std::string_view of, Where where) const;
};

}  // namespace tapir::vi
