// Affine: a shift and a scale.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/bijector.hpp>

namespace tapir::vi {

/// y = loc + scale x; log_det = log |scale|.
///
///   shapes  loc, scale, x broadcast together
///   domain  scale other than 0; it descends where the scale is negative
///   errors  "[Affine] scale is 0, needs to be finite and not 0"
struct Affine {
  Var loc = 0.0, scale = 1.0;

  static constexpr std::string_view name = "Affine";
  Ranks ranks() const { return {}; }
  Support domain() const { return Support::real; }
  Support codomain() const { return Support::real; }
  template <class F>
  Affine each(F&& f) const {
    return {.loc = f(ParameterInfo{"loc", Support::real}, loc),
            .scale = f(ParameterInfo{"scale", Support::nonzero}, scale)};
  }

  Var forward(Arg x) const;
  Var inverse(Arg y) const;
  Var log_det(Arg x, Arg y) const;
  Var direction(Where where = here()) const;
};

}  // namespace tapir::vi
