// RelaxedBernoulli: a coin that may stand on its edge.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// sigmoid((logits + z)/temperature), z standard logistic: near 0 or 1 where the temperature is low. Also
/// called binary concrete. As a surrogate of a Bernoulli it is biased: its expectations are those of a coin
/// only at temperature 0.
/// log p(x) = log temperature + log sigmoid(d) + log sigmoid(-d) - log x - log(1 - x),
/// d = logits - temperature logit x, 0 < x < 1
///
///   shapes    temperature, logits, x broadcast together
///   gradient  pathwise in temperature, logits
///   domain    temperature > 0, finite logits; at x = 0 and x = 1 the density counts as 0
///   source    Maddison, Mnih & Teh 2017, eq. 24
struct RelaxedBernoulli {
  Var temperature = 1.0, logits = 0.0;

  /// logits = log p - log(1 - p).
  ///
  ///   errors  "[RelaxedBernoulli] probs is 1.5, needs to lie in [0, 1]"
  static RelaxedBernoulli probs(Var temperature, Arg p);

  static constexpr std::string_view name = "RelaxedBernoulli";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = true;

  Support support() const { return Support::unit_interval; }
  template <class F>
  RelaxedBernoulli each(F&& f) const {
    return {.temperature = f(ParameterInfo{"temperature", Support::positive}, temperature),
            .logits = f(ParameterInfo{"logits", Support::real}, logits)};
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var cdf(Arg x) const;
  Var icdf(Arg p) const;
};

}  // namespace tapir::vi
