// GaussianRandomWalk: paths of independent Gaussian steps.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// x_t = x_{t-1} + scale e_t, t = 0, 1, .. num_steps - 1, e standard normal, x_{-1} = 0: the first value is
/// one step from 0.   log p(x) = -sum_t ((x_t - x_{t-1})/scale)^2 / 2 - num_steps (log scale + log(2 pi)/2)
///
///   shapes    scale [..], x [.., num_steps]
///   gradient  pathwise in scale: dx = x dscale/scale
///   domain    scale > 0; num_steps >= 1
///   errors    "[GaussianRandomWalk] num_steps is 0; it has to be at least 1"
///             "[GaussianRandomWalk] x is f64[2]; its last axes have to be [3]"
struct GaussianRandomWalk {
  Var scale = 1.0;
  Index num_steps = 1;

  static constexpr std::string_view name = "GaussianRandomWalk";
  static constexpr bool pathwise = true;

  Shape own_shape() const { return {num_steps}; }
  Support support() const { return Support::real; }
  template <class F>
  GaussianRandomWalk each(F&& f) const {
    return {.scale = f(ParameterInfo{"scale", Support::positive}, scale), .num_steps = num_steps};
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  /// scale^2 (t + 1)
  Var variance(Where where = here()) const;
  Var entropy(Where where = here()) const;
};

/// num_steps times that of Normals of these scales around 0.
///
///   shapes  the scales broadcast together
///   errors  "[kl] walks of 3 and 2 steps"
Var kl(const GaussianRandomWalk& p, const GaussianRandomWalk& q, Where where = here());

}  // namespace tapir::vi
