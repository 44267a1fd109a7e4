// Logarithms of the incomplete gamma and beta functions, however small they are, elementwise.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/autodiff/tape/var.hpp>

namespace tapir {

// All of them:
//   shapes  operands broadcast together (NumPy)
//   errors  those of elementwise.hpp
// a, b > 0; an argument outside the domain gives NaN. Values and slopes hold to 1e-13 of themselves or so, from 1e-3 to
// 1e6. Derivatives in x are of any order; in the shapes of the first only:
//   errors  "[log_gamma_slope] has no derivative by the shape a: second derivatives by shapes are not there"

/// log P(a, x), P of gamma_p, x >= 0: also where P is below every number, and where it rounds to 1.
///
///   gradient  with h = gamma_p_elasticity(a, x): -g h log_gamma_slope(a, log x), g h / x
///   source    far out the density times the integral from x outwards, relative to it: incomplete_tails.cpp
Var log_gamma_p(Arg a, Arg x);
/// log(1 - P(a, x))
///
///   gradient  with h = gamma_q_elasticity(a, x): g h log_gamma_slope(a, log x), -g h / x
Var log_gamma_q(Arg a, Arg x);
/// d log P / d log x, from a at 0 down to 0.
///
///   gradient  in x: g h (a - x - h) / x, which has lost digits where x is far below a
Var gamma_p_elasticity(Arg a, Arg x);
/// -d log(1 - P) / d log x, from 0 at 0 up to about x - a.
///
///   gradient  in x: g h (a - x + h) / x, which has lost about x units in the last place
Var gamma_q_elasticity(Arg a, Arg x);

// By the logit of x: so x may be as close to 1 as to 0, and log(1 - I_x(a, b)) is log_betainc(b, a, -logit_x).

/// log I_x(a, b), I of betainc.
///
///   gradient  with h = betainc_elasticity(a, b, t): -g h beta_logit_slope(a, b, t), g h beta_logit_slope(b, a, -t), g h
Var log_betainc(Arg a, Arg b, Arg logit_x);
/// d log I_x(a, b) / d logit x, from a at x = 0 down to 0.
///
///   gradient  in t = logit x: g h (a (1 - x) - b x - h)
Var betainc_elasticity(Arg a, Arg b, Arg logit_x);
/// d logit x / d a where I_x(a, b) stays; by b it is -beta_logit_slope(b, a, -logit_x).
///
///   gradient  in t = logit x: -g (log x + digamma(a + b) - digamma(a) + y (a (1 - x) - b x))
Var beta_logit_slope(Arg a, Arg b, Arg logit_x);

/// The x with 1 - I_x(a, b) = q, 0 <= q <= 1, a and b up to 1e12; accurate for small q.
///
///   gradient  as of betainc_inv, of the first order in the shapes
Var betaincc_inv(Arg a, Arg b, Arg q);

}  // namespace tapir
