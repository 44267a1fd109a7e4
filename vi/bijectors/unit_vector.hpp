// UnitVector: vectors onto the sphere.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/bijector.hpp>

namespace tapir::vi {

/// y = x / |x|. No bijection: the length is lost, and `inverse(y)` is y itself, the preimage of length 1.
///
/// What is called log_det gives the length the law that makes x a standard normal vector where y is uniform:
/// log_det = -|x|^2 / 2 - (n/2 - 1) log 2 - log Gamma(n/2). With it a density of y, by surface on the sphere,
/// becomes a normalised density of x: log p(x) = log p(y) + log_det, so that free vectors may be sampled or
/// optimised. The inverse direction is no change of variables, and Transformed refuses this map.
///
///   shapes    x [.., n] -> y [.., n]
///   gradient  across the sphere, 1 / |x|
///   domain    x other than 0, where y is NaN
///   source    Stan reference manual, unit vector; Muller 1959
struct UnitVector {
  static constexpr std::string_view name = "UnitVector";
  Ranks ranks() const { return {1, 1}; }
  Support domain() const { return Support::real; }
  Support codomain() const { return Support::unit_vector; }
  bool is_bijective() const { return false; }
  template <class F>
  UnitVector each(F&&) const {
    return *this;
  }

  Var forward(Arg x) const;
  Var inverse(Arg y) const { return y; }
  Var log_det(Arg x, Arg y) const;
};

}  // namespace tapir::vi
