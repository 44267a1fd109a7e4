// Special functions, elementwise.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/autodiff/tape/var.hpp>

namespace tapir {

// All of them:
//   shapes  operands broadcast together (NumPy)
//   errors  those of elementwise.hpp
// An argument outside the domain gives NaN. Derivatives are of any order where nothing else is said.

// ---- the gamma function's logarithm and its derivatives ----

/// log |Gamma(x)|; infinite at 0, -1, .. and at both ends.
///
///   gradient  g digamma(x)
Var lgamma(Arg x);
/// (log Gamma)'(x); NaN at -1, -2, .., infinite at 0 with the sign of -x.
///
///   gradient  g trigamma(x)
Var digamma(Arg x);
/// (log Gamma)''(x)
Var trigamma(Arg x);
/// digamma, differentiated `order` times.
///
///   gradient  g polygamma(order + 1, x)
///   errors    "[polygamma] the order is -1; it has to be 0 or more"
Var polygamma(Index order, Arg x);

// ---- the normal distribution ----

/// Phi(x), the probability of less than x.
Var ndtr(Arg x);
/// log Phi(x), to a few units in the last place in both tails.
///
///   gradient  g normal_hazard(-x)
Var log_ndtr(Arg x);
/// phi(x) / (1 - Phi(x)): what is drawn at x out of what is still to come; about x for large x.
///
///   gradient  g y (y - x), where y - x has lost about x^2 units in the last place
Var normal_hazard(Arg x);

// ---- logarithms ----

/// log(1 - exp(-x)) for x >= 0: the log probability of not being above an exponential variable's x.
///
///   gradient  g / (exp(x) - 1)
Var log1mexp(Arg x);
/// log(p / (1 - p))
Var logit(Arg p);
/// x log y; 0 where x = 0, whatever y is but NaN.
///
///   gradient  g log y; g x / y, 0 where both are 0
Var xlogy(Arg x, Arg y);
/// x log(1 + y); 0 where x = 0, whatever y is but NaN.
///
///   gradient  g log(1 + y); g x / (1 + y), 0 where both are 0
Var xlog1py(Arg x, Arg y);

// ---- modified Bessel functions ----

/// exp(-|x|) I0(x)
Var i0e(Arg x);
/// exp(-|x|) I1(x)
Var i1e(Arg x);
/// log I0(x), accurate near 0
Var log_i0(Arg x);

}  // namespace tapir
