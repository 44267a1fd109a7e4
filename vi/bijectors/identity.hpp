// Identity: what is free already.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/bijector.hpp>

namespace tapir::vi {

/// y = x; log_det = 0.
struct Identity {
  static constexpr std::string_view name = "Identity";
  Ranks ranks() const { return {}; }
  Support domain() const { return Support::real; }
  Support codomain() const { return Support::real; }
  template <class F>
  Identity each(F&&) const {
    return *this;
  }

  Var forward(Arg x) const { return x; }
  Var inverse(Arg y) const { return y; }
  Var log_det(Arg, Arg) const { return 0.0; }
  Var direction(Where = here()) const { return 1.0; }
  Support image(const Support& part, Where = here()) const { return part; }
};

}  // namespace tapir::vi
