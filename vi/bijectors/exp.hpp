// Exp: real numbers onto positive ones.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/bijector.hpp>

namespace tapir::vi {

/// y = exp x; log_det = x, exact wherever x is known.
///
///   domain  all x; beyond 709 (f32: 88) y is inf, below -745 (f32: -103) it is 0
struct Exp {
  static constexpr std::string_view name = "Exp";
  Ranks ranks() const { return {}; }
  Support domain() const { return Support::real; }
  Support codomain() const { return Support::positive; }
  template <class F>
  Exp each(F&&) const {
    return *this;
  }

  Var forward(Arg x) const;
  Var inverse(Arg y) const;
  Var log_det(Arg x, Arg y) const;
  Var direction(Where = here()) const { return 1.0; }
};

}  // namespace tapir::vi
