// Functions that single laws are made of, elementwise: masses, quantiles and how they move.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/autodiff/tape/var.hpp>

namespace tapir {

// All of them:
//   shapes  operands broadcast together (NumPy)
//   errors  those of elementwise.hpp
// An argument outside the domain gives NaN.

// ---- the gamma family ----

/// stirling_rest(a) + (b - a) log_minus_digamma(a) - stirling_rest(b), to the last digits also where b is
/// close to a: how far a tangent runs above the rest, and the divergence of gamma laws of one mean.
///
///   gradient  g (a - b) trigamma_excess(a), g log_minus_digamma_fall(a, b)
///   domain    a, b > 0; never negative
///   source    differences of the Stirling series (Abramowitz & Stegun 6.1.41), term by term
Var stirling_excess(Arg a, Arg b);
/// log_minus_digamma(a) - log_minus_digamma(b), to the last digits also where b is close to a.
///
///   gradient  -g trigamma_excess(a), g trigamma_excess(b)
///   domain    a, b > 0
Var log_minus_digamma_fall(Arg a, Arg b);
/// trigamma(a) - 1/a without its cancellation: about 1 / (2 a^2) for large a.
///
///   domain    a > 0
Var trigamma_excess(Arg a);

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

// ---- counts ----

// The least count k = 0, 1, .. with P(K <= k) >= p; `_above`: with P(K > k) <= q, for q down to the smallest number.
// Piecewise constant: no derivative. For means up to 1e15; inf where the count is beyond 1e18.
//
//   source  bisection of the logarithms of the incomplete functions, outwards from a normal quantile

/// Of Poisson's law; rate >= 0.
Var poisson_quantile(Arg rate, Arg p);
Var poisson_quantile_above(Arg rate, Arg q);
/// Of the successes among `total` trials of probability sigmoid(logits).
Var binomial_quantile(Arg total, Arg logits, Arg p);
Var binomial_quantile_above(Arg total, Arg logits, Arg q);
/// Of the events of probability sigmoid(logits) before `shape` others; shape > 0.
Var negative_binomial_quantile(Arg shape, Arg logits, Arg p);
Var negative_binomial_quantile_above(Arg shape, Arg logits, Arg q);

// ---- the von Mises law ----

/// The probability that an angle of mode 0 and concentration k lies in [-pi, x]; one more with each turn.
///
///   gradient  in x the density, of any order; in k: -density von_mises_slope(x, k), first order
///   domain    k >= 0
///   source    Gauss's quadrature of the tail beyond |x|
Var von_mises_cdf(Arg x, Arg k);
/// d x / d k where the probability of [-pi, x] stays: how an angle moves with its concentration.
///
///   gradient  in x
///   errors    "[von_mises_slope] has no derivative by the shape k: second derivatives by shapes are not
///             there"
Var von_mises_slope(Arg x, Arg k);
/// 1 - I1(k) / I0(k): the circular variance, to the last digits also for large k; about 1 / (2 k) there.
///
///   gradient  g (A / k - y (2 - y)), A = I1(k) / I0(k); has lost about k units in the last place
Var von_mises_variance(Arg k);

}  // namespace tapir
