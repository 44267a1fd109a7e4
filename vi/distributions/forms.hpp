// Functions that several densities share, in forms that neither overflow nor cancel.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include <tapir/autodiff/tape/var.hpp>

namespace tapir::vi {

/// Coefficients from the constant one on.
Var polynomial(const Var& x, std::span<const double> coefficients);

/// (e^x - 1) / x; 1 at 0.
Var expm1_ratio(const Var& x);
/// log(1 + x) / x; 1 at 0.
Var log1p_ratio(const Var& x);
/// log(1 - exp(-e^x)), the logarithm of the inverse of the complementary log-log link.
Var log_cloglog(const Var& x);
/// k log(k / mean) + mean - k for k = 0, 1, 2, ..: what a Poisson log density loses at k.
Var count_loss(const Var& k, const Var& mean);
/// k log(k / (n p)) + n p - k for k = 0, 1, 2, .. and n = k + rest, by the logarithm of p: what a density
/// loses where k of n are of a kind of probability p.
Var share_loss(const Var& k, const Var& rest, const Var& log_p);
/// log(sigmoid(to) / sigmoid(from)), to the last digits also where both are close: of `step`, which is to -
/// from.
Var log_sigmoid_ratio(const Var& to, const Var& from, const Var& step);
/// KL of two coins, by their logits: to the last digits of its size, about p (1 - p) d^2 / 2 for logits d
/// apart.
Var coin_divergence(const Var& p_logits, const Var& q_logits);
/// KL of two choices of one of several, by logits that need not be normalised, summed over the last axis: as
/// exact.
Var choice_divergence(const Var& p_logits, const Var& q_logits);
/// p log(p / q) + q - p of two probabilities, log_ratio = log(q / p) where both are positive: what one
/// outcome adds to a divergence, never negative.
Var outcome_divergence(const Var& log_p, const Var& log_q, const Var& log_ratio);
/// The log density of k events of probability p before `others` of probability 1 - p, by both logarithms.
Var event_density(const Var& k, const Var& others, const Var& log_p, const Var& log_rest);
/// I_x(a, b) with 1 - x = rest, by the smaller one of both, which has the digits.
Var beta_probability(const Var& a, const Var& b, const Var& x, const Var& rest);
/// What x draws from an urn that began with a > 0 of a kind, and gets another one for each draw, add to the
/// log probability of `draws` of `total` in all; without urn_total.
Var urn_part(const Var& x, const Var& a, const Var& draws, const Var& total);
Var urn_total(const Var& draws, const Var& total);
/// 0, 1, .. total are known, and no more than 1000.
bool are_few(const Var& total);
/// 0, 1, .. total, where that is one plain number; in `dtype`, or open.
///
///   errors  "[Binomial] total_count is recorded; the values can be listed only if it is plain"
///           "[Binomial] total_count is f64[2]: not all elements have the same values to list"
Var counts_up_to(const Var& total, std::optional<DType> dtype, std::string_view law, Where where);
/// log p of probabilities, which need not be normalised.
///
///   errors  "[Categorical] probs is -0.5 at [0] of f64[3], needs to lie in [0, 1]"
///           "[Categorical] log probs is -inf throughout, needs to be above -inf somewhere"
Var log_weights(std::string_view law, const Arg& p);
/// The vectors of n counts that sum to `total`, [m, n]; none where that is no plain number, or m is above 10^5.
std::optional<Var> counts_of_sum(const Var& total, Index n, std::optional<DType> dtype);
/// Rejects a value whose last axis is not of `count`.
///
///   errors  "[Dirichlet] x is f64[2]; its last axis has to be of 3"
void require_last_axis(std::string_view law, const Arg& x, Index count);
/// The density of a category, by its number below `count`; -inf where `x` is none. Bare numbers may be
/// numbers of categories.
Var density_of_category(const Arg& x, Index count, const std::function<Var(const Var& known)>& density);
/// One element of the last axis of `table` for each index, which broadcasts with the axes before it.
Var element_at(const Var& table, const Var& index);
/// `density`, or -inf where `outside` is true. The caller takes the density at a value inside instead, so
/// that it
/// leaves no NaN in a gradient.
Var unless(const Var& outside, const Var& density);

/// What a distribution function, or its logarithm, is from both ends of the support on.
struct EndValues {
  double low, high;
};
constexpr EndValues log_cdf_ends{-std::numeric_limits<double>::infinity(), 0};
constexpr EndValues log_sf_ends{0, -std::numeric_limits<double>::infinity()};
/// `inside` of x between `low` and `high`, the values of the ends elsewhere, where it sees `some` instead.
Var between_ends(const Var& x, double low, double high, double some, EndValues ends,
                 const std::function<Var(const Var& inside)>& inside);
/// Of positive numbers.
inline Var between_ends(const Var& x, EndValues ends, const std::function<Var(const Var& inside)>& inside) {
  return between_ends(x, 0, std::numeric_limits<double>::infinity(), 1, ends, inside);
}

/// Of counts: `inside` of the whole part of x from 0 on.
Var between_counts(const Var& x, EndValues ends, const std::function<Var(const Var& count)>& inside);

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
