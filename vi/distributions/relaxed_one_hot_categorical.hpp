// RelaxedOneHotCategorical: a point of the simplex in the place of one of several.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// softmax((logits + z)/temperature), z standard Gumbel: near a corner of the simplex where the temperature
/// is low. Also called concrete or Gumbel-softmax. As a surrogate of a OneHotCategorical it is biased: its
/// expectations are those of the corners only at temperature 0.
/// log p(x) = log (n - 1)! + (n - 1) log temperature + sum(log softmax(a) - log x), a = logits - temperature
/// log x, with respect to all but one of the coordinates
///
///   shapes    logits [.., n], x [.., n]: the last axis is a value's own; temperature broadcasts with the
///             axes before
///   gradient  pathwise in temperature, logits
///   domain    temperature > 0, finite logits; at the edges of the simplex the density counts as 0
///   source    Maddison, Mnih & Teh 2017, eq. 10
struct RelaxedOneHotCategorical {
  Var temperature = 1.0, logits = 0.0;

  /// logits = log p; p need not be normalised.
  ///
  ///   errors  "[RelaxedOneHotCategorical] probs is -0.5 at [0] of f64[3], needs to lie in [0, 1]"
  static RelaxedOneHotCategorical probs(Var temperature, Arg p);

  static constexpr std::string_view name = "RelaxedOneHotCategorical";
  static constexpr bool pathwise = true;

  /// n
  Index count(Where where = here()) const;
  Shape own_shape() const { return {count()}; }
  Support support() const { return Support::simplex; }
  template <class F>
  RelaxedOneHotCategorical each(F&& f) const {
    return {.temperature = f(ParameterInfo{"temperature", Support::positive}, temperature),
            .logits = f(ParameterInfo{"logits", Support::real, 1}, logits)};
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
};

}  // namespace tapir::vi
