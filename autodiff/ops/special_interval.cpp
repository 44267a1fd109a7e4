// The rows of the normal law of an interval: its mass and its quantiles.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/special_laws.hpp>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/rows.hpp>
#include <tapir/autodiff/ops/scalar_functions.hpp>
#include <tapir/autodiff/ops/scalar_rule.hpp>

namespace tapir {
namespace {

#include "kernels/special_coefficients.inc"

using ops::broadcasting;
using ops::by_scalar;
using ops::elementwise;
using ops::no_value;

// ---- in double ----

constexpr double inverse_sqrt_2 = 0.70710678118654752440;
constexpr double sqrt_2 = 1.41421356237309504880;
constexpr double sqrt_half_pi = 1.25331413731550025121;

/// e^(x^2/2) (1 - Phi(x)) sqrt(2 pi), x >= 0: the mass beyond x, relative to the density there.
double mills(double x) {
  constexpr double sqrt_2pi = 2.50662827463100050242;
  const double b = std::min(x, 1e150), t = (b - 5) / (b + 5);
  const auto& c = SpecialNumbers<double>::mills;
  double y = 0;
  for (std::size_t i = std::size(c); i-- > 0;) y = y * t + c[i];
  return sqrt_2pi * y / (1 + 1.25 * b);
}

bool is_narrow(double b, double t) { return t * std::max(-b, 1.0) < 1; }

/// The mass within t of b <= 0 where that is narrow, by Gauss and Legendre's rule: to 1e-17 of itself.
double narrow_mass(double b, double t) {
  constexpr double nodes[] = {0.01304673574141414, 0.067468316655507745, 0.1602952158504878,
                              0.2833023029353764, 0.42556283050918439};
  constexpr double weights[] = {0.033335672154344069, 0.074725674575290297, 0.10954318125799102,
                                0.13463335965499818, 0.14776211235737644};
  double total = 0;
  for (int i = 0; i < 5; ++i) {
    const double low = t * nodes[i], high = t - low;
    total += weights[i] * (std::exp(low * (b - 0.5 * low)) + std::exp(high * (b - 0.5 * high)));
  }
  return t * total;
}

/// Minus the log of the part that lies below b - t, of `all` mass below b <= 0.
double log_share(double b, double t, double all) {
  if (is_narrow(b, t)) return -std::log1p(-narrow_mass(b, t) / all);
  return t * (0.5 * t - b) + std::log(all / mills(t - b));
}

double log_mass(double b, double w) {
  if (!(w >= 0 && b <= w)) return no_value;
  if (b > 0)
    return std::log(sqrt_half_pi * (std::erf(b * inverse_sqrt_2) + std::erf((w - b) * inverse_sqrt_2)));
  if (is_narrow(b, w)) return std::log(narrow_mass(b, w));
  const double all = mills(-b);
  return std::log(-std::expm1(-log_share(b, w, all)) * all);
}

/// With the centre inside: from the erf or the erfc that is not close to 1.
double central_quantile(double v, double b, double w) {
  const double above = b * inverse_sqrt_2, below = (b - w) * inverse_sqrt_2;
  const double middle = (1 - v) * std::erf(above) + v * std::erf(below);
  if (std::abs(middle) < 0.5) return sqrt_2 * ops::scalar::erf_inv(middle);
  const double side = middle > 0 ? 1 : -1;
  const double tail = (1 - v) * std::erfc(side * above) + v * std::erfc(side * below);
  return side * sqrt_2 * ops::scalar::erfc_inv(tail);
}

constexpr int most_steps = 12;  // five at most are needed

double narrow_distance(double v, double b, double w) {
  const double part = v * narrow_mass(b, w);
  double t = std::min(w, b == 0 ? part : std::log1p(b * part) / b);
  for (int i = 0; i < most_steps; ++i) {
    const double change = (part - narrow_mass(b, t)) * std::exp(t * (0.5 * t - b));
    t = std::clamp(t + change, 0.0, w);
    if (!(std::abs(change) > 1e-8 * t)) break;  // the next one is below 1e-16
  }
  return t;
}

double tail_distance(double v, double b, double w) {
  const double all = mills(-b), depth = -std::log1p(v * std::expm1(-log_share(b, w, all)));
  double t = std::min(depth * all, 2 * depth / (std::sqrt(b * b + 2 * depth) - b));
  for (int i = 0; i < most_steps; ++i) {
    const double m = mills(t - b), lack = (depth - log_share(b, t, all)) * m;
    // The slope is 1/m, its own slope (1/m - (t - b))/m.
    const double change = lack / std::max(0.5, 1 + 0.5 * lack * (1 / m - (t - b)));
    t = std::clamp(t + change, 0.0, w);
    if (!(std::abs(change) > 1e-6 * t)) break;  // the next one is below 1e-16
  }
  return t;
}

double quantile(double v, double b, double w) {
  if (!(w > 0 && b <= w && v >= 0 && v <= 1)) return no_value;
  if (b > 0) return v == 0 ? b : v == 1 ? b - w : std::clamp(central_quantile(v, b, w), b - w, b);
  if (v == 0 || v == 1) return v == 0 ? 0 : -w;
  return is_narrow(b, w) ? -narrow_distance(v, b, w) : -tail_distance(v, b, w);
}

// ---- derivatives ----

/// The log density, relative to that of the mode m, at the distance y from it.
Var exponent(const Var& m, const Var& y) { return -y * (0.5 * y + m); }

const Op log_mass_op{
    by_scalar<log_mass>(elementwise("log_normal_mass",
                                    {[](const Recorded& r, const Var& g) {
                                       const Var &b = r.inputs[0], &w = r.inputs[1], m = minimum(b, 0);
                                       return g * (m + exp(-0.5 * square(maximum(b, 0)) - r.outputs[0]) -
                                                   exp(exponent(m, b - m - w) - r.outputs[0]));
                                     },
                                     [](const Recorded& r, const Var& g) {
                                       const Var &b = r.inputs[0], m = minimum(b, 0);
                                       return g * exp(exponent(m, b - m - r.inputs[1]) - r.outputs[0]);
                                     }},
                                    {{-2, -0.2}, {1, 4}}))};

/// The exponents at the ends, less that at the quantile.
struct Ends {
  explicit Ends(const Recorded& r) : v(r.inputs[0]), b(r.inputs[1]), m(minimum(b, 0)) {
    const Var at = exponent(m, r.outputs[0]);
    inner = -0.5 * square(maximum(b, 0)) - at;
    outer = exponent(m, b - m - r.inputs[2]) - at;
  }
  Var v, b, m, inner = 0.0, outer = 0.0;
};

const Op quantile_op{by_scalar<quantile>(
    elementwise("normal_mass_quantile",
                {[](const Recorded& r, const Var& g) {
                   const Var &b = r.inputs[1], &w = r.inputs[2];
                   return -g * exp(log_normal_mass(b, w) - exponent(minimum(b, 0), r.outputs[0]));
                 },
                 [](const Recorded& r, const Var& g) {
                   const Ends e(r);
                   return g * ((1 - e.v) * expm1(e.inner) + e.v * expm1(e.outer) + (e.b > 0));
                 },
                 [](const Recorded& r, const Var& g) {
                   const Ends e(r);
                   return -g * e.v * exp(e.outer);
                 }},
                {{0.2, 0.8}, {-2, -0.2}, {1, 4}}))};

}  // namespace

Var log_normal_mass(Arg b, Arg w) { return broadcasting(log_mass_op, {b, w}); }
Var normal_mass_quantile(Arg v, Arg b, Arg w) { return broadcasting(quantile_op, {v, b, w}); }

}  // namespace tapir
