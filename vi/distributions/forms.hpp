// Functions that several densities share, in forms that neither overflow nor cancel.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include <tapir/autodiff/tape/var.hpp>

namespace tapir::vi {

/// Coefficients from the constant one on.
Var polynomial(const Var& x, std::span<const double> coefficients);

/// log(x / y) of positive numbers, to the last digits also where x is close to y.
Var log_ratio(const Var& x, const Var& y);
/// (e^x - 1) / x; 1 at 0.
Var expm1_ratio(const Var& x);
/// log(1 + x) / x; 1 at 0.
Var log1p_ratio(const Var& x);
/// log(1 - exp(-e^x)), the logarithm of the inverse of the complementary log-log link.
Var log_cloglog(const Var& x);
/// e^x - 1 - x, to the last digits also near 0: what a gamma or Poisson density loses at e^x times its mean.
Var exp_remainder(const Var& x);
/// a log a - a - log Gamma(a), without its cancellation: about log(a / (2 pi)) / 2 for large a > 0.
///
///   source  the Stirling series, Abramowitz & Stegun 6.1.41; the use for densities: Loader 2000
Var stirling_rest(const Var& a);
/// log a - digamma(a), its derivative, without its cancellation; a > 0.
Var log_minus_digamma(const Var& a);
/// k log k - k - log k! for k = 0, 1, 2, ..
Var factorial_rest(const Var& k);
/// k log(k / mean) + mean - k for k = 0, 1, 2, ..: what a Poisson log density loses at k.
Var count_loss(const Var& k, const Var& mean);
/// `density`, or -inf where `outside` is true. The caller takes the density at a value inside instead, so
/// that it
/// leaves no NaN in a gradient.
Var unless(const Var& outside, const Var& density);

/// A draw z of law `of`, known as a number only, with the derivative by the law's parameters that keeps its probability
/// of less, `level` = F(z): dz = -dF/p. Level and density are taken at z, which is a constant.
///
///   errors  "[grad] a draw of Mixture is differentiated implicitly; second derivatives are not there"
Var implicit_draw(const Var& z, const Var& level, const Var& log_density, std::string_view of);

/// scale e^y; draws that would leave the range of the dtype stop a little before.
Var scaled_exp(const Var& scale, const Var& y);
/// The y from which on scale e^y, or e^y, would leave it.
Var largest_exponent(const Var& scale, std::optional<DType> dtype);
/// Draws that would be infinite become the largest number.
Var at_most_largest(const Var& x);
/// Draws that round to an end of (0, 1) become the nearest normal number inside.
Var inside_unit(const Var& x);

}  // namespace tapir::vi
