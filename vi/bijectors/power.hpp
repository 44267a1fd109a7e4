// Power: positive numbers to an exponent.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/bijector.hpp>

namespace tapir::vi {

/// y = x^exponent of x > 0, x = y^(1/exponent); log_det = log |exponent| + (exponent - 1) log x, of which
/// only the power itself can overflow.
///
///   shapes  exponent, x broadcast together
///   domain  an exponent other than 0; it descends where the exponent is negative
///   errors  "[Power] exponent is 0, needs to be finite and not 0"
struct Power {
  Var exponent = 1.0;

  static constexpr std::string_view name = "Power";
  Ranks ranks() const { return {}; }
  Support domain() const { return Support::positive; }
  Support codomain() const { return Support::positive; }
  template <class F>
  Power each(F&& f) const {
    return {.exponent = f(ParameterInfo{"exponent", Support::nonzero}, exponent)};
  }

  Var forward(Arg x) const;
  Var inverse(Arg y) const;
  Var log_det(Arg x, Arg y) const;
  Var direction(Where where = here()) const;
};

}  // namespace tapir::vi
