// The rows of the von Mises law: its distribution function, how its quantiles move, its variance.
// SPDX-License-Identifier: BSD-3-Clause
//
// By Gauss and Legendre's rule over what lies beyond |x|, as far as the density matters: nothing cancels.
#include <tapir/autodiff/ops/special_laws.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/scalar_rule.hpp>
#include <tapir/autodiff/ops/shape_rows.hpp>
#include <tapir/autodiff/ops/special.hpp>

namespace tapir {
namespace {

using ops::broadcasting;
using ops::by_scalar;
using ops::Domain;
using ops::elementwise;
using ops::no_value;
using ops::refused;
using ops::unary;

constexpr double pi = 3.14159265358979323846;
constexpr double inverse_2pi = 0.15915494309189533577;

// ---- in double ----

struct Point {
  double at, weight;
};

constexpr int point_count = 40;

/// Gauss and Legendre's nodes and weights on [0, 1].
const std::array<Point, point_count>& points() {
  static const std::array<Point, point_count> all = [] {
    std::array<Point, point_count> result;
    for (int i = 0; i < point_count; ++i) {
      constexpr int n = point_count;
      long double x = std::cos(3.14159265358979323846L * (i + 0.75L) / (n + 0.5L)), slope = 1;
      for (int step = 0; step < 8; ++step) {
        long double p = 1, before = 0;
        for (int k = 1; k <= n; ++k) {
          const long double next = ((2 * k - 1) * x * p - (k - 1) * before) / k;
          before = p;
          p = next;
        }
        slope = n * (x * p - before) / (x * x - 1);
        x -= p / slope;
      }
      result[static_cast<std::size_t>(i)] = {static_cast<double>((1 - x) / 2),
                                             static_cast<double>(1 / ((1 - x * x) * slope * slope))};
    }
    return result;
  }();
  return all;
}

/// 2 sin(x/2)^2 = 1 - cos x.
double one_less_cos(double x) {
  const double s = std::sin(0.5 * x);
  return 2 * s * s;
}

/// The integral of f(u) e^(k (cos u - cos d)) over u from d to pi, as far as that is above e^-40.
template <class F>
double integral_beyond(double d, double k, const F& f) {
  const double end = std::min(1.0, 0.5 * one_less_cos(d) + 20 / k);  // sin(u/2)^2 there
  const double length = end < 1 ? 2 * std::asin(std::sqrt(end)) - d : pi - d;
  double total = 0;
  for (const Point& p : points()) {
    const double s = length * p.at;
    total += p.weight * f(d + s) * std::exp(-2 * k * std::sin(0.5 * s) * std::sin(d + 0.5 * s));
  }
  return length * total;
}

double mass_beyond(double d, double k) {
  return integral_beyond(d, k, [](double) { return 1.0; });
}

bool in_domain(double k) { return k >= 0 && k < std::numeric_limits<double>::infinity(); }

/// Below 20 by the continued fraction of I1/I0 (DLMF 10.33.1), from there on by expansions of both (10.40.1).
double variance(double k) {
  if (!in_domain(k)) return no_value;
  if (k < 20) {
    double ratio = 0;
    for (int n = 40; n >= 1; --n) ratio = k / (2 * n + k * ratio);
    return 1 - ratio;
  }
  double term = 1, both = 1, difference = 0;
  for (int j = 1; j < 24; ++j) {
    term *= (2 * j - 1) * (2 * j - 1) / (8 * j * k);
    both += term;
    difference += term * (4 * j) / (2 * j - 1);
  }
  return difference / both;
}

double cdf(double x, double k) {
  if (!in_domain(k)) return no_value;
  const double turns = std::floor((x + pi) * inverse_2pi), d = std::min(pi, std::abs(x - 2 * pi * turns));
  const double tail = 0.5 * std::exp(-k * one_less_cos(d)) * mass_beyond(d, k) / mass_beyond(0, k);
  return turns + (x < 2 * pi * turns ? tail : 1 - tail);
}

/// Minus the integral of the score cos u - A beyond x over the density, or within x: where it has one sign.
double slope(double x, double k) {
  if (!in_domain(k)) return no_value;
  const double y = x - 2 * pi * std::floor((x + pi) * inverse_2pi), d = std::min(pi, std::abs(y));
  const double v = variance(k), side = y < 0 ? -1 : 1;
  const auto score = [v](double u) { return v - one_less_cos(u); };
  if (one_less_cos(d) > v) return side * integral_beyond(d, k, score);
  double total = 0;
  for (const Point& p : points()) {
    const double u = d * p.at;
    total += p.weight * score(u) * std::exp(2 * k * std::sin(0.5 * (d - u)) * std::sin(0.5 * (d + u)));
  }
  return -side * d * total;
}

// ---- rows ----

/// The density at x.
Var density(const Var& x, const Var& k) { return inverse_2pi * exp(-2 * k * square(sin(0.5 * x))) / i0e(k); }

Row with_shape_last(Row row, bool once) {
  for (Sample& sample : row.samples) {
    Operand& k = sample.operands[1];
    if (once)
      k.once = true;
    else
      k = {k.shape, 1, 4, Operand::Fill::whole};
  }
  return row;
}

constexpr Domain angle{-3, 3}, concentration{0.5, 4};

const Op cdf_op{by_scalar<cdf>(with_shape_last(
    elementwise("von_mises_cdf",
                {[](const Recorded& r, const Var& g) { return g * density(r.inputs[0], r.inputs[1]); },
                 [](const Recorded& r, const Var& g) {
                   const Var &x = r.inputs[0], &k = r.inputs[1];
                   return -g * density(x, k) * von_mises_slope(x, k);
                 }},
                {angle, concentration}),
    true))};

// The density's derivative by k is cos x - A times it, by x it is -k sin x times it.
const Op slope_op{by_scalar<slope>(
    with_shape_last(elementwise("von_mises_slope",
                                {[](const Recorded& r, const Var& g) {
                                   const Var &x = r.inputs[0], &k = r.inputs[1];
                                   const Var score = von_mises_variance(k) - 2 * square(sin(0.5 * x));
                                   return g * (r.outputs[0] * k * sin(x) - score);
                                 },
                                 refused("von_mises_slope", "k")},
                                {angle, concentration}),
                    false))};

// V' = A/k - V (2 - V), A = 1 - V = I1/I0.
const Op variance_op{by_scalar<variance>(unary("von_mises_variance",
                                               [](Var k, Var v) {
                                                 const Var none = k == 0, some = where(none, 1, k);
                                                 return where(none, 0.5, i1e(some) / (some * i0e(some))) -
                                                        v * (2 - v);
                                               },
                                               {0.5, 4}))};

}  // namespace

Var von_mises_cdf(Arg x, Arg k) { return broadcasting(cdf_op, {x, k}); }
Var von_mises_slope(Arg x, Arg k) { return broadcasting(slope_op, {x, k}); }
Var von_mises_variance(Arg k) { return broadcasting(variance_op, {k}); }

}  // namespace tapir
