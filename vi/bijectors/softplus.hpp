// Softplus: real numbers onto positive ones, almost unchanged where they are large.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/bijector.hpp>

namespace tapir::vi {

/// y = log(1 + exp x), x = y + log(1 - exp(-y)); log_det = log sigmoid(x) = -log(1 + exp(-x)).
///
/// The inverse goes by expm1, so it keeps its digits where y is tiny, and does not overflow where it is
/// large.
///
///   domain  all x; below -745 (f32: -103) y is 0
struct Softplus {
  static constexpr std::string_view name = "Softplus";
  Ranks ranks() const { return {}; }
  Support domain() const { return Support::real; }
  Support codomain() const { return Support::positive; }
  template <class F>
  Softplus each(F&&) const {
    return *this;
  }

  Var forward(Arg x) const;
  Var inverse(Arg y) const;
  Var log_det(Arg x, Arg y) const;
  Var direction(Where = here()) const { return 1.0; }
};

}  // namespace tapir::vi
