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
/// a log a - a - log Gamma(a) without its cancellation: about log(a / (2 pi)) / 2 for large a.
///
///   gradient  g log_minus_digamma(a)
///   domain    a > 0
///   source    the Stirling series, Abramowitz & Stegun 6.1.41; the use for densities: Loader 2000
Var stirling_rest(Arg a);
/// k log k - k - log k!, k! being Gamma(k + 1), without its cancellation; 0 at 0: what the count k adds to a log density
/// beside its loss.
///
///   gradient  g (log_minus_digamma(k) - 1/k); at 0, where it is infinite, it counts as 0
///   domain    k >= 0
Var factorial_rest(Arg k);
/// log a - digamma(a) without its cancellation: about 1 / (2 a) for large a.
///
///   gradient  -g (trigamma(a) - 1/a), without its cancellation
///   domain    a > 0
Var log_minus_digamma(Arg a);
/// (log Gamma)''(x)
Var trigamma(Arg x);
/// digamma, differentiated `order` times.
///
///   gradient  g polygamma(order + 1, x)
///   errors    "[polygamma] the order is -1; it has to be from 0 to 10000"
Var polygamma(Index order, Arg x);

/// digamma(a + b) - digamma(a), exact also where b is far smaller than a; a, b > 0.
Var digamma_difference(Arg a, Arg b);
/// log B(a, b) = lgamma(a) + lgamma(b) - lgamma(a + b), without their cancellation; a, b > 0.
///
///   gradient  -g digamma_difference(a, b), -g digamma_difference(b, a)
Var lbeta(Arg a, Arg b);

// ---- the incomplete gamma and beta functions ----

// a, b > 0, x >= 0, for beta x <= 1. Derivatives in x are of any order; in the shapes a, b of the first only:
//   errors  "[gamma_p_da] has no derivative by the shape a: second derivatives by shapes are not there"

/// P(a, x) = integral of t^(a-1) e^-t from 0 to x, over Gamma(a): the probability of less than x for a gamma
/// variable of concentration a.
///
///   gradient  g gamma_p_da(a, x), g gamma_p_dx(a, x)
Var gamma_p(Arg a, Arg x);
/// 1 - P(a, x), accurate where it is small
Var gamma_q(Arg a, Arg x);
/// The derivative of P(a, x) by x: the gamma density.
Var gamma_p_dx(Arg a, Arg x);
/// The derivative of P(a, x) by a, to 1e-13 of itself from a = 1e-3 to 1e6.
///
///   source  an integral of one sign, a series and an expansion: shape_slopes.cpp
Var gamma_p_da(Arg a, Arg x);
/// d log x / d a where P(a, x) stays the same, -gamma_p_da(a, x) / (x gamma_p_dx(a, x)), from log x: how a gamma variable
/// moves with its concentration, to 1e-14 of itself. x itself may be too small for a number.
Var log_gamma_slope(Arg a, Arg log_x);
/// I_x(a, b): the probability of less than x for a beta variable.
///
///   gradient  g betainc_da(a, b, x), g betainc_db(a, b, x), g betainc_dx(a, b, x)
Var betainc(Arg a, Arg b, Arg x);
/// The derivative of I_x(a, b) by x: the beta density.
Var betainc_dx(Arg a, Arg b, Arg x);
/// The derivatives of I_x(a, b) by its shapes, to 1e-12 of themselves from 1e-3 to 1e6.
Var betainc_da(Arg a, Arg b, Arg x);
Var betainc_db(Arg a, Arg b, Arg x);

// ---- inverses ----

/// The x with erf(x) = y, -1 <= y <= 1.
Var erf_inv(Arg y);
/// The x with erfc(x) = y, 0 <= y <= 2; accurate for small y.
Var erfc_inv(Arg y);
/// The x with Phi(x) = p, 0 <= p <= 1; accurate for small p.
Var ndtri(Arg p);
/// The w >= -1 with w exp(w) = x, x >= -1/e: the principal branch of Lambert's function.
///
///   gradient  g exp(-w) / (1 + w)
Var lambert_w(Arg x);

/// The x with P(a, x) = p, a > 0, 0 <= p <= 1.
///
///   gradient  in a: g y log_gamma_slope(a, log y), first order; in p: g / gamma_p_dx(a, y)
Var gamma_p_inv(Arg a, Arg p);
/// The x with 1 - P(a, x) = q; accurate for small q.
Var gamma_q_inv(Arg a, Arg q);
/// The x with I_x(a, b) = p, 0 <= p <= 1, a and b up to 1e12.
///
///   gradient  in the shapes: -g betainc_da(a, b, y) / betainc_dx(a, b, y) and so on, first order
Var betainc_inv(Arg a, Arg b, Arg p);

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

/// Owen's T(h, a): the probability that X > h and 0 < Y < a X, X and Y standard normal. To about 1e-16
/// absolutely: for large |h| its own digits are fewer.
///
///   gradient  -g phi(h) erf(a h / sqrt 2) / 2, g exp(-h^2 (1 + a^2) / 2) / (2 pi (1 + a^2))
Var owens_t(Arg h, Arg a);

// ---- logarithms ----

/// log(1 - exp(-x)) for x >= 0: the log probability of not being above an exponential variable's x.
///
///   gradient  g / (exp(x) - 1)
Var log1mexp(Arg x);
/// log(x / y) of positive numbers, to the last digits also where x is close to y, or x / y out of range.
///
///   gradient  g / x; -g / y
///   domain    x, y > 0; -inf at x = 0
Var log_ratio(Arg x, Arg y);
/// x/y - 1 - log(x/y), the Itakura-Saito distance of positive numbers, to the last digits also where x is close to y: what a
/// gamma or Poisson density loses at x where its mean is y, in units of the shape.
///
///   gradient  g (1/y - 1/x); g (1 - x/y) / y
///   domain    x, y > 0; inf at x = 0 and where x/y leaves the range
///   source    Itakura & Saito 1968; for densities, as bd0, Loader 2000
Var itakura_saito(Arg x, Arg y);
/// exp(x) - 1 - x, to the last digits also near 0: what a gamma or Poisson density loses at exp(x) times its mean.
///
///   gradient  g (exp(x) - 1)
Var exp_remainder(Arg x);
/// log sqrt(x^2 + y^2) = Re log(x + i y), within the range of the dtype wherever x and y are.
///
///   gradient  g reciprocal_re(x, y); g reciprocal_re(y, x)
///   domain    not both 0, where it is -inf
Var log_hypot(Arg x, Arg y);
/// x / (x^2 + y^2) = Re 1 / (x + i y), of squares that may leave the range.
///
///   gradient  g (v^2 - u^2); -2 g u v, with u = reciprocal_re(x, y), v = reciprocal_re(y, x)
///   domain    not both 0
Var reciprocal_re(Arg x, Arg y);
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

// ---- the exponential integral ----

/// exp(x) E1(x), x >= 0: about 1/x for large x; infinite at 0.
///
///   gradient  g (y - 1/x), which has lost about x units in the last place
Var exp_e1(Arg x);

// ---- modified Bessel functions ----

/// exp(-|x|) I0(x)
Var i0e(Arg x);
/// exp(-|x|) I1(x)
Var i1e(Arg x);
/// log I0(x), accurate near 0.
///
///   gradient  g i1e(x) / i0e(x), whose own derivative has lost about x^2 units in the last place
Var log_i0(Arg x);

}  // namespace tapir
