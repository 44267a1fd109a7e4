// Inverse: a bijector the other way round.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/bijector.hpp>

namespace tapir::vi {

/// Forward is the bijector's inverse, and inverse its forward. Its parameters are "bijector.scale". Braces
/// around an Inverse copy it; `inverse(b)` turns any bijector round.
struct Inverse {
  Bijector bijector;

  static constexpr std::string_view name = "Inverse";
  Ranks ranks() const { return {bijector.ranks().codomain, bijector.ranks().domain}; }
  Support domain() const { return bijector.codomain(); }
  Support codomain() const { return bijector.domain(); }
  bool is_bijective() const { return bijector.is_bijective(); }
  template <class F>
  Inverse each(F&& f) const {
    return {bijector.each(within("bijector", std::forward<F>(f)))};
  }
  Shape forward_shape(const Shape& x, Where where) const { return bijector.inverse_shape(x, where); }
  Shape inverse_shape(const Shape& y, Where where) const { return bijector.forward_shape(y, where); }
  bool is_like(const Inverse& other) const { return same(bijector, other.bijector); }
  std::optional<Var> direction(Where where = here()) const { return bijector.direction(where); }

  Var forward(Arg x) const { return bijector.inverse(x); }
  Var inverse(Arg y) const { return bijector.forward(y); }
  ValueAndLogDet forward_and_log_det(Arg x) const { return bijector.inverse_and_log_det(x); }
  ValueAndLogDet inverse_and_log_det(Arg y) const { return bijector.forward_and_log_det(y); }
};

/// The bijector the other way round; what is an Inverse already is undone.
///
///   example  const Bijector logarithm = inverse(Exp{});
inline Bijector inverse(const Bijector& bijector) {
  if (const auto* turned = bijector.as<Inverse>()) return turned->bijector;
  return Inverse{bijector};
}

}  // namespace tapir::vi
