// Logarithms of the incomplete gamma and beta functions, and the beta quantiles that are found by them.
// SPDX-License-Identifier: BSD-3-Clause
//
// A tail is the density at its edge times the integral of what lies beyond, relative to it: the one has its
// logarithm, the other is a number of ordinary size, whose inverse is the derivative of the tail's logarithm. Boost has
// the tails that are numbers, as far as it has their digits.
#include <tapir/autodiff/ops/scalar_functions.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <tapir/autodiff/ops/incomplete_parts.hpp>

namespace tapir::ops::scalar {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double no_value = std::numeric_limits<double>::quiet_NaN();
constexpr double epsilon = 0x1p-53;
constexpr double least = 1e-200;  // below it, a probability is taken as a tail
constexpr double furthest_logit = 600;

/// The logarithm of a probability, and its derivative by the logarithm or the logit of the variable, less its sign.
struct LogProbability {
  double value, elasticity;
};

/// x/m - 1 - log(x/m), log_x being exact also where x is no number.
double excess(double x, double log_x, double m) {
  const double mu = (x - m) / m;
  if (std::abs(mu) > 0.5) return mu - (log_x - std::log(m));
  const double s = mu / (2 + mu), w = s * s;  // log(1 + mu) = 2 atanh(s)
  double y = 0;
  for (int k = 37; k >= 3; k -= 2) y = y * w + 1.0 / k;
  return s * (mu - 2 * w * y);
}

// ---- gamma ----

/// x times the density at x.
double log_gamma_density(double a, double x) {
  if (a < 10) return a * std::log(x) - x - lgamma(a);
  return 0.5 * std::log(a) - half_log_2pi - stirling_rest(a) - a * excess(x, std::log(x), a);
}

double gamma_beyond(double a, double x, double side) {
  const double slope = side * (a - x), width = 1 / (std::abs(slope) + std::sqrt(x));
  return outward_integral(width, [=](double r) { return std::exp(slope * r - x * expm1_less(side * r)); });
}

/// P and Q, over x times the density.
double gamma_below(double a, double x) {
  if (x > 0.5 * a && x > 1) return gamma_beyond(a, x, -1);
  double term = 1, total = 1;
  for (double k = a + 1; term > epsilon * total; ++k) total += term *= x / k;
  return total / a;
}
double gamma_above(double a, double x) {
  if (a >= 1) return gamma_beyond(a, x, 1);
  return outward_integral(1 / (1 + x), [=](double u) { return std::exp((a - 1) * std::log1p(u) - x * u); });
}

template <class Tail>
LogProbability gamma_side(double a, double x, double p, double rest, const Tail& tail) {
  const double density = log_gamma_density(a, x);
  if (p > least) return {p > 0.5 ? std::log1p(-rest) : std::log(p), std::exp(density) / p};
  const double beyond = tail(a, x);
  return {density + std::log(beyond), 1 / beyond};
}

bool in_gamma_domain(double a, double x) { return a > 0 && a < infinity && x >= 0; }

LogProbability gamma_lower(double a, double x) {
  if (!in_gamma_domain(a, x)) return {no_value, no_value};
  if (x == 0) return {-infinity, a};
  if (x == infinity) return {0, 0};
  return gamma_side(a, x, gamma_p(a, x), gamma_q(a, x), gamma_below);
}

LogProbability gamma_upper(double a, double x) {
  if (!in_gamma_domain(a, x)) return {no_value, no_value};
  if (x == 0) return {0, 0};
  if (x == infinity) return {-infinity, infinity};
  return gamma_side(a, x, gamma_q(a, x), gamma_p(a, x), gamma_above);
}

// ---- beta ----

/// The density of the logit.
double log_beta_density(double a, double b, const UnitPoint& at) {
  if (std::min(a, b) < 10) return a * at.log_x + b * at.log_rest - lbeta(a, b);
  const double mean = a / (a + b), rest = b / (a + b);
  const double loss = a * excess(at.x, at.log_x, mean) + b * excess(at.rest, at.log_rest, rest);
  return 0.5 * std::log(a * rest) - half_log_2pi -
         (stirling_rest(a) + stirling_rest(b) - stirling_rest(a + b)) - loss;
}

/// I_x(a, b) over the density of the logit.
double beta_below(double a, double b, const UnitPoint& at) {
  const double odds = at.x / at.rest;
  const double width = 1 / (std::abs(a - (b - 1) * odds) + std::sqrt(std::abs(b - 1) * odds / at.rest));
  return outward_integral(
             width,
             [=](double r) { return std::exp((b - 1) * std::log1p(-odds * std::expm1(-r)) - a * r); }) /
         at.rest;
}

LogProbability beta_tail(double a, double b, const UnitPoint& at) {
  const double beyond = beta_below(a, b, at);
  return {log_beta_density(a, b, at) + std::log(beyond), 1 / beyond};
}

/// Whether the variable is below x with the smaller probability, roughly: where a < 1 and b is large, by I = (b x)^a /
/// Gamma(a + 1). Where b x is small what lies beyond is spread too far, and I is not that close to 1.
bool is_lower_half(double a, double b, const UnitPoint& at) {
  const double logit = at.log_x - at.log_rest;
  if (std::abs(logit) > furthest_logit) return logit < 0;
  if (a < 1) return a * (at.log_x + std::log(b)) < -0.7 || b * at.x < 1e-8;
  if (b < 1) return b * (at.log_rest + std::log(a)) > -0.7 && a * at.rest > 1e-8;
  return logit < std::log(a / b);
}

LogProbability extreme_beta(double a, double b, const UnitPoint& at) {
  if (is_lower_half(a, b, at)) return beta_tail(a, b, at);
  const LogProbability other = beta_tail(b, a, mirrored(at));
  const double value = std::log1p(-std::exp(other.value));
  return {value, std::exp(other.value - value) * other.elasticity};
}

LogProbability beta_lower(double a, double b, double logit) {
  if (!(a > 0 && a < infinity && b > 0 && b < infinity)) return {no_value, no_value};
  if (std::isinf(logit)) return logit < 0 ? LogProbability{-infinity, a} : LogProbability{0, 0};
  const UnitPoint at = at_logit(logit);
  if (a + b >= 1e4 || std::abs(logit) > furthest_logit) return extreme_beta(a, b, at);
  const bool is_small = logit < 0;
  const double p = is_small ? betainc(a, b, at.x) : betaincc(b, a, at.rest);
  if (!(p > least)) return beta_tail(a, b, at);
  const double rest = is_small ? betaincc(a, b, at.x) : betainc(b, a, at.rest);
  return {p > 0.5 ? std::log1p(-rest) : std::log(p), std::exp(log_beta_density(a, b, at)) / p};
}

// Newton's steps for log I in the logit, where it is concave: from below they stay below. 0 < p <= 1/2.
double beta_logit(double a, double b, double p) {
  const double log_p = std::log(p);
  double t = std::log(a / b), high = infinity;
  for (int i = 0; i < 200; ++i) {
    const LogProbability at = beta_lower(a, b, t);
    if (at.value > log_p) high = t;
    const double step = (log_p - at.value) / at.elasticity, next = t + step;
    if (std::abs(step) < 1e-9 * std::max(1.0, std::abs(t))) return next;
    t = next < high ? next : 0.5 * (t + high);
  }
  return t;
}

double beta_quantile(double a, double b, double p, double q) {
  if (!(a > 0 && b > 0 && std::max(a, b) <= 1e12)) return no_value;
  if (p == 0 || q == 0) return q == 0;
  return at_logit(p <= q ? beta_logit(a, b, p) : -beta_logit(b, a, q)).x;
}

}  // namespace

double log_gamma_p(double a, double x) { return gamma_lower(a, x).value; }
double log_gamma_q(double a, double x) { return gamma_upper(a, x).value; }
double gamma_p_elasticity(double a, double x) { return gamma_lower(a, x).elasticity; }
double gamma_q_elasticity(double a, double x) { return gamma_upper(a, x).elasticity; }

double log_betainc(double a, double b, double logit) { return beta_lower(a, b, logit).value; }
double betainc_elasticity(double a, double b, double logit) { return beta_lower(a, b, logit).elasticity; }

// Not Boost's, which throws or searches for ever where shapes or p are extreme.
double betainc_inv(double a, double b, double p) {
  return p >= 0 && p <= 1 ? beta_quantile(a, b, p, 1 - p) : no_value;
}
double betaincc_inv(double a, double b, double q) {
  return q >= 0 && q <= 1 ? beta_quantile(a, b, 1 - q, q) : no_value;
}

}  // namespace tapir::ops::scalar
