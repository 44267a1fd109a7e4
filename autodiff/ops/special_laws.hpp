// Functions that single laws are made of, elementwise: masses, quantiles and how they move.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/autodiff/tape/var.hpp>

namespace tapir {

// All of them:
//   shapes  operands broadcast together (NumPy)
//   errors  those of elementwise.hpp
// An argument outside the domain gives NaN.

// ---- the normal law of an interval ----

// The interval [b - w, b] in units of the scale, 0 the centre of the law. Its mode is m = min(b, 0): b is the
// end next to the centre, or the centre is inside. Densities are relative to the mode's, f(z) =
// exp((m^2 - z^2)/2): nothing overflows or cancels, however far out or narrow the interval is.

/// log of the integral of f over [b - w, b].
///
///   gradient  by b: m + (f(b) - f(b - w)) / exp(y), by w: f(b - w) / exp(y)
///   domain    w >= 0, b <= w; w may be infinite
Var log_normal_mass(Arg b, Arg w);
/// The z - m above which the share v of the mass lies.
///
///   gradient  that of the root
///   domain    0 <= v <= 1, w > 0, b <= w
///   source    erf_inv where the centre is inside; else Halley's steps on the log of the mass further out
Var normal_mass_quantile(Arg v, Arg b, Arg w);

}  // namespace tapir
