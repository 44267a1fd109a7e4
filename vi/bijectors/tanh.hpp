// Tanh: real numbers onto (-1, 1).
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/bijector.hpp>

namespace tapir::vi {

/// y = tanh x, x = (log(1 + y) - log(1 - y)) / 2; log_det = log(1 - y^2) = 2 (log 2 - x - softplus(-2 x)).
///
/// log_det is taken from x and has its digits where y is rounded to an end; the inverse goes by log1p and
/// keeps those of small y.
///
///   domain  all x; y reaches 1 where |x| exceeds 19 (f32: 9)
struct Tanh {
  static constexpr std::string_view name = "Tanh";
  Ranks ranks() const { return {}; }
  Support domain() const { return Support::real; }
  Support codomain() const { return Support::open_interval(-1, 1); }
  template <class F>
  Tanh each(F&&) const {
    return *this;
  }

  Var forward(Arg x) const;
  Var inverse(Arg y) const;
  Var log_det(Arg x, Arg y) const;
  Var direction(Where = here()) const { return 1.0; }
};

/// log(1 - tanh(x)^2)
Var log_sech_squared(Arg x);

}  // namespace tapir::vi
