// How gamma and beta variables move with their shapes, the probability of less staying the same.
// SPDX-License-Identifier: BSD-3-Clause
//
// Both slopes are minus the integral of a score, log t - E log t, times the density over the density at x. The
// score changes its sign once: on one side of x the integrand has one sign, and nothing cancels. Series and an
// expansion where they are short.
#include <tapir/autodiff/ops/scalar_functions.hpp>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <span>

#include <tapir/autodiff/ops/gamma_slope_rows.hpp>
#include <tapir/autodiff/ops/incomplete_parts.hpp>

namespace tapir::ops::scalar {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double no_value = std::numeric_limits<double>::quiet_NaN();
constexpr double epsilon = 0x1p-53;

/// psi(a) - log a, a >= 10.
double far_digamma(double a) {
  const double w = 1 / (a * a);
  double y = 0;
  for (int k = 6; k >= 0; --k) y = (y + bernoulli[k]) * w;
  return -0.5 / a - y;
}

// ---- gamma ----

/// log x - psi(a).
double gamma_score(double a, double x, double log_x) {
  if (a < 10) return log_x - digamma(a);
  const double ratio = std::abs(x - a) < a / 2 ? std::log1p((x - a) / a) : log_x - std::log(a);
  return ratio - far_digamma(a);
}

// P(a, x) = x^a e^-x sum x^n / Gamma(a + n + 1), term by term.
double gamma_series(double a, double x, double log_x) {
  double term = 1, weight = digamma(a + 1) - log_x;
  double total = weight;
  for (double k = a + 1; k < a + 1000; ++k) {
    term *= x / k;
    weight += 1 / k;
    total += term * weight;
    if (term * std::abs(weight) <= epsilon * std::abs(total) && k > x) break;
  }
  return total / a;
}

// In powers of eta and 1 / a, for a >= 40 and |eta| <= 1/2.
double gamma_expansion(double a, double eta) {
  const auto horner = [](std::span<const double> c, double x) {
    double y = 0;
    for (std::size_t i = c.size(); i-- > 0;) y = y * x + c[i];
    return y;
  };
  double y = 0;
  for (std::size_t k = std::size(slope_rows); k-- > 0;) y = y / a + horner(slope_rows[k], eta);
  return y / a;
}

double gamma_integral(double a, double x, double log_x) {
  const double score = gamma_score(a, x, log_x);
  const double side = score < 0 ? -1 : 1;
  const double slope = side * (a - x);
  const double width = 1 / (std::abs(slope) + std::sqrt(x));
  return outward_integral(width, [=](double r) {
    return (std::abs(score) + r) * std::exp(slope * r - x * expm1_less(side * r));
  });
}

// ---- beta ----

// I_x(a, b) = x^a y^b / (a B(a, b)) sum (a + b)_n / (a + 1)_n x^n; its terms, and `weight` to begin with, which a step
// changes by `change(n)`: the derivative of the log of a term.
template <class F>
double beta_series(double a, double b, double x, double weight, const F& change) {
  double term = 1, total = weight;
  for (int n = 0; n < 1000; ++n) {
    term *= x * (a + b + n) / (a + 1 + n);
    weight += change(n);
    total += term * weight;
    if (term * std::abs(weight) <= epsilon * std::abs(total)) break;
  }
  return total;
}

/// Whether the series in x is short, and x not so far beyond the mean that its terms cancel: they lose three digits at
/// most.
bool is_short_series(double a, double b, double x) {
  const double sum = a + b, deviation = std::sqrt(a / sum * (b / sum) / (sum + 1));
  return x <= 0.6 && sum * x < 40 && x < a / sum + 1.5 * deviation;
}

/// Over x: the integral from x down to 0; -score_at(r, log of (1 - t) / y) is the score at t = x e^-r.
template <class F>
double beta_integral(double a, double b, double x, double y, const F& score_at) {
  const double odds = x / y;
  const double width = 1 / (std::abs(a - (b - 1) * odds) + std::sqrt(std::abs(b - 1) * odds / y));
  return outward_integral(width, [&](double r) {
    const double l = std::log1p(-odds * std::expm1(-r));
    return score_at(r, l) * std::exp((b - 1) * l - a * r);
  });
}

}  // namespace

double log_gamma_slope(double a, double log_x) {
  if (!(a > 0 && a < infinity && log_x < infinity)) return no_value;
  const double x = std::exp(log_x);
  // Beyond a the terms of the series cancel: up to two deviations they lose two digits at most.
  if (x < 40 && x < a + 1.5 * std::sqrt(a) + 1.5) return gamma_series(a, x, log_x);
  if (a >= 40 && std::abs(x - a) < 0.6 * a) {
    const double mu = (x - a) / a, half_square = mu - std::log1p(mu);
    if (half_square < 0.125)
      return gamma_expansion(a, std::copysign(std::sqrt(std::max(0.0, 2 * half_square)), mu));
  }
  return gamma_integral(a, x, log_x);
}

double beta_logit_slope(double a, double b, double logit) {
  if (!(a > 0 && a < infinity && b > 0 && b < infinity)) return no_value;
  return beta_logit_slope(a, b, at_logit(logit));
}

double beta_logit_slope(double a, double b, const UnitPoint& at) {
  const double x = at.x, y = at.rest;
  if ((x < 0.5 && b * x < 2) || is_short_series(a, b, x)) {
    const double weight = -digamma_difference(a + 1, b - 1) - at.log_x;
    return beta_series(a, b, x, weight, [=](int n) { return (b - 1) / ((a + 1 + n) * (a + b + n)); }) / a;
  }
  const double score = at.log_x + digamma_difference(a, b);
  if (is_short_series(b, a, y))
    return beta_series(b, a, y, score, [=](int n) { return 1 / (a + b + n); }) / b;
  if (score <= 0) return beta_integral(a, b, x, y, [=](double r, double) { return r - score; }) / y;
  return beta_integral(b, a, y, x, [=](double, double l) { return score + l; }) / x;
}

double digamma_difference(double a, double b) {
  if (!(a > 0 && a + b > 0 && a < infinity && b < infinity)) return no_value;
  double recurred = 0;
  for (; a < 10; ++a) recurred += b / (a * (a + b));
  // psi(a) = log a - 1/(2 a) - sum B_2k / (2k a^2k); r = (a / (a + b))^2.
  const double log_ratio = std::log1p(b / a);
  const double w = 1 / (a * a), lack = -std::expm1(-2 * log_ratio), r = 1 - lack;
  double power = w, geometric = 1, tail = 0;
  for (double c : bernoulli) {
    tail += c * power * geometric;
    power *= w;
    geometric = 1 + r * geometric;
  }
  return recurred + log_ratio + b / (2 * a * (a + b)) + lack * tail;
}

// The leading terms of three log Gammas cancel by hand: Didonato & Morris 1992, algorithm 708.
double lbeta(double a, double b) {
  const double p = std::min(a, b), q = std::max(a, b), sum = p + q;
  if (p < 0) return no_value;
  if (p == 0) return q == infinity ? no_value : infinity;
  if (q == infinity) return -infinity;
  if (q < 10) return lgamma(p) + (lgamma(q) - lgamma(sum));
  const double rests = stirling_rest(q) - stirling_rest(sum), log_ratio = std::log1p(p / q);
  if (p < 10) return lgamma(p) + (rests - (q - 0.5) * log_ratio + p * (1 - std::log(sum)));
  return half_log_2pi - 0.5 * std::log(q) + (stirling_rest(p) + rests) + (p - 0.5) * std::log(p / sum) -
         q * log_ratio;
}

}  // namespace tapir::ops::scalar
