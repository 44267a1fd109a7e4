// Triangular: a density that rises and falls along straight lines.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// log p(x) = log(2 r/(high - low)), r = (x - low)/(peak - low) below the peak, (high - x)/(high - peak)
/// above it
///
///   shapes    low, peak, high, x broadcast together
///   gradient  pathwise in low, peak, high, by the inverse distribution function
///   domain    low < high, low <= peak <= high
///   errors    "[Triangular] peak is 3, needs to lie in [0, 2]"
struct Triangular {
  Var low = 0.0, peak = 0.5, high = 1.0;

  static constexpr std::string_view name = "Triangular";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::interval(low, high); }
  template <class F>
  Triangular each(F&& f) const {
    Var least = f(ParameterInfo{"low", Support::real}, low);
    Var most = f(ParameterInfo{"high", Support::greater_than(low)}, high);
    return {.low = std::move(least),
            .peak = f(ParameterInfo{"peak", Support::interval(low, high)}, peak),
            .high = std::move(most)};
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
