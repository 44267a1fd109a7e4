// Uniform: the flat law of an interval.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

struct Gumbel;

/// Flat on [low, high].   log p(x) = -log(high - low)
///
///   shapes    low, high, x broadcast together
///   gradient  pathwise in low, high: dx = (1 - u) dlow + u dhigh, u = (x - low)/(high - low); the support
///             moves with both
///   domain    low < high
///   errors    "[Uniform] high is 1, needs to be greater than 2"
struct Uniform {
  Var low = 0.0, high = 1.0;

  static constexpr std::string_view name = "Uniform";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::interval(low, high); }
  template <class F>
  Uniform each(F&& f) const {
    return {.low = f(ParameterInfo{"low", Support::real}, low),
            .high = f(ParameterInfo{"high", Support::greater_than(low)}, high)};
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

/// KL(p || q) = log((q.high - q.low)/(p.high - p.low)).
///
///   shapes  the parameters broadcast together
///   domain  inf where the interval of p does not lie in that of q
Var kl(const Uniform& p, const Uniform& q, Where where = here());
/// By E e^-z.
Var kl(const Uniform& p, const Gumbel& q, Where where = here());

}  // namespace tapir::vi
