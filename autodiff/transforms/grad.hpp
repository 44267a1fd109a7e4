// Derivatives: functions from tape to more tape.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include <tapir/autodiff/exec/compile.hpp>

namespace tapir {

struct GradOptions {
  /// A variable that the result does not reach gets zeros; otherwise it is an Error that names it.
  bool allow_unused = false;
};

/// The gradient of a recorded scalar by recorded values (inputs, parameters, any place of the tape), recorded on the
/// same tape.
///   errors  "[grad] the result does not depend on parameter "decode/w": .."; "[grad] needs a scalar, .."
std::vector<Var> grad(const Var& y, std::span<const Var> xs, GradOptions options = {}, Where where = here());
Var grad(const Var& y, const Var& x, GradOptions options = {}, Where where = here());

/// Cotangents of xs for cotangents `gs` of `ys`: sum_j (dy_j/dx)' g_j. Empty where ys do not depend on x.
Tangents vjp(std::span<const Var> ys, std::span<const Var> gs, std::span<const Var> xs, Where where = here());

/// Tangents of ys for tangents `ts` of `xs`. Empty where y does not depend on xs.
///   errors  "[jvp] operation .. has no forward rule"
Tangents jvp(std::span<const Var> ys, std::span<const Var> xs, std::span<const Var> ts, Where where = here());

/// The Hessian of a recorded scalar times `v`, both by x: forward over reverse.
Var hvp(const Var& y, const Var& x, const Var& v, Where where = here());

/// d y / d x, shape y ++ x, by one batched vjp.
Var jacobian(const Var& y, const Var& x, Where where = here());
/// d^2 y / dx^2 of a recorded scalar, shape x ++ x.
Var hessian(const Var& y, const Var& x, Where where = here());

}  // namespace tapir
