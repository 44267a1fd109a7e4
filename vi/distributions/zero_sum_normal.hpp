// ZeroSumNormal: Gaussian effects that sum to 0.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// Independent Gaussian numbers of this scale, given that their sums along each axis of `shape` are 0.
/// log p(x) = -|x|^2/(2 scale^2) - d (log scale + log(2 pi)/2),  d = prod (n_k - 1), n_k the sizes
///
/// The density is that of the subspace's volume: of d coordinates along orthonormal directions, which are
/// independent Normals. Elements have variance scale^2 prod (1 - 1/n_k).
///
///   shapes    scale [..], x [..] ++ shape
///   gradient  pathwise in scale: dx = x dscale/scale; of log p by x: along the subspace
///   domain    scale > 0; axes of at least 2
///   errors    "[ZeroSumNormal] shape is [1]; it needs axes, of at least 2 each"
///             "[ZeroSumNormal] x is f64[2]; its last axes have to be [3]"
///   source    PyMC and NumPyro, ZeroSumNormal
struct ZeroSumNormal {
  Var scale = 1.0;
  Shape shape = {2};

  static constexpr std::string_view name = "ZeroSumNormal";
  static constexpr bool pathwise = true;

  Shape own_shape() const { return shape; }
  Support support() const { return Support::zero_sum(shape.rank()); }
  template <class F>
  ZeroSumNormal each(F&& f) const {
    return {.scale = f(ParameterInfo{"scale", Support::positive}, scale), .shape = shape};
  }

  Var sample(const Key& key, const Shape& outer, Where where = here()) const;
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  Var variance(Where where = here()) const;
  Var entropy(Where where = here()) const;
};

/// d times that of Normals of these scales around 0.
///
///   shapes  the scales broadcast together
///   errors  "[kl] arrays of [3] and [2]"
Var kl(const ZeroSumNormal& p, const ZeroSumNormal& q, Where where = here());

}  // namespace tapir::vi
