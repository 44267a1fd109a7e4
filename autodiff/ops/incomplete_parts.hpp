// What the incomplete gamma and beta functions and their slopes are made of, in double.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>

namespace tapir::ops::scalar {

constexpr double half_log_2pi = 0.91893853320467274178;

// B_2k / (2k) for k = 1, 2, ..
constexpr double bernoulli[] = {1.0 / 12,  -1.0 / 120,     1.0 / 252, -1.0 / 240,
                                1.0 / 132, -691.0 / 32760, 1.0 / 12};

/// log Gamma(a) - ((a - 1/2) log a - a + log(2 pi)/2), a >= 10.
inline double stirling_rest(double a) {
  const double w = 1 / (a * a);
  double y = 0;
  for (int k = 6; k >= 0; --k) y = y * w + bernoulli[k] / (2 * k + 1);
  return y / a;
}

/// e^s - 1 - s.
inline double expm1_less(double s) {
  if (std::abs(s) > 0.1) return std::expm1(s) - s;
  double y = 1;
  for (int k = 10; k >= 3; --k) y = 1 + y * s / k;
  return 0.5 * s * s * y;
}

/// A number of (0, 1) and 1 - x with their logarithms, each to its last digits.
struct UnitPoint {
  double x, rest, log_x, log_rest;
};

inline UnitPoint at_number(double x) { return {x, 1 - x, std::log(x), std::log1p(-x)}; }
inline UnitPoint mirrored(const UnitPoint& p) { return {p.rest, p.x, p.log_rest, p.log_x}; }
inline UnitPoint at_logit(double t) {
  const double e = std::exp(-std::abs(t)), log_sum = std::log1p(e);
  const UnitPoint p{e / (1 + e), 1 / (1 + e), -std::abs(t) - log_sum, -log_sum};
  return t < 0 ? p : mirrored(p);
}

/// d logit(x) / d a where I_x(a, b) stays.
double beta_logit_slope(double a, double b, const UnitPoint& at);

struct OutwardPoint {
  double at, weight;
};

/// r = exp(t - exp(-t)), t equidistant.
inline const auto& outward_points() {
  constexpr double first = -3.75, per_unit = 12;
  constexpr int count = 528;  // up to exp(40)
  static const std::array<OutwardPoint, count> all = [] {
    std::array<OutwardPoint, count> result;
    for (int k = 0; k < count; ++k) {
      const double t = first + k / per_unit, e = std::exp(-t);
      const double at = std::exp(t - e);
      result[static_cast<std::size_t>(k)] = {at, at * (1 + e) / per_unit};
    }
    return result;
  }();
  return all;
}

/// The integral from 0 to infinity of f >= 0, which falls off beyond `width`.
///
///   source  Takahasi & Mori 1974
template <class F>
double outward_integral(double width, const F& f) {
  double total = 0;
  for (const OutwardPoint& p : outward_points()) {
    const double term = f(width * p.at) * p.weight;
    total += term;
    if (p.at > 1 && !(term > 1e-18 * total)) break;
  }
  return width * total;
}

}  // namespace tapir::ops::scalar
