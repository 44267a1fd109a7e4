// Case: a row of the suite at one point of its parameters; expectations and derivatives under its oracle.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {

inline std::vector<Var> vars_of(const Parameters& parameters, DType dtype = f64) {
  std::vector<Var> vars;
  for (const Tensor& parameter : parameters) vars.emplace_back(parameter.cast(dtype));
  return vars;
}

/// What a parameter is after it has been rounded to `dtype`.
inline Parameters rounded(const Parameters& parameters, DType dtype) {
  Parameters result;
  for (const Tensor& parameter : parameters) result.push_back(parameter.cast(dtype).cast(f64));
  return result;
}

struct Case {
  const LawRow& row;
  Parameters parameters;

  Distribution law(DType dtype = f64) const { return row.make(vars_of(parameters, dtype)); }
  bool is_discrete() const { return law().support().is_discrete(); }
  DType value_dtype(DType dtype) const { return law().support() == Support::Kind::category ? i64 : dtype; }
  Tensor values(const std::vector<double>& x, DType dtype = f64) const {
    return column(x).cast(value_dtype(dtype));
  }
  long double log_prob(long double x) const { return row.log_prob(parameters, x); }
  bool is_atom(double x) const {
    const auto all = row.atoms(parameters);
    return std::find(all.begin(), all.end(), x) != all.end();
  }
};

template <class F>
void for_each_case(const LawRow& row, const std::vector<Parameters>& cases, const F& f) {
  for (std::size_t i = 0; i < cases.size(); ++i) {
    CAPTURE(row.name);
    CAPTURE(i);
    f(Case{row, cases[i]});
  }
}
template <class F>
void for_each_case(const F& f) {
  for (const LawRow& row : law_rows()) for_each_case(row, row.cases, f);
}
/// The extreme ones too.
template <class F>
void for_all_cases(const F& f) {
  for_each_case(f);
  for (const LawRow& row : law_rows()) for_each_case(row, row.extremes, f);
}

/// Whether `level` is the oracle's probability of at most x, its logarithm as exact as it is asked of densities, or
/// that of a number 4 roundings beside x; a discrete law has no such neighbours.
inline bool is_level(const Case& c, double x, double level, DType dtype) {
  const long double step =
      c.is_discrete() || !std::isfinite(x) ? 0 : (dtype == f64 ? 0x1p-51L : 0x1p-22L) * std::abs(x);
  const long double tolerance = dtype == f64 ? 2e-12L : 1e-5L, tiny = dtype == f64 ? 1e-307L : 1e-37L;
  const auto beside = [&](long double at) {
    if (step == 0) return c.row.cdf(c.parameters, x);
    const auto ends = c.row.breaks(c.parameters);
    return c.row.cdf(c.parameters,
                     std::clamp<long double>(at, std::min(x, ends.front()), std::max(x, ends.back())));
  };
  const auto error = [&](long double p) {
    const long double relative = p > 0 ? p * std::max(1.0L, -std::log(p)) : 0;
    return std::max(tiny, tolerance * std::max<long double>(relative, c.row.cdf_unit));
  };
  const long double low = beside(x - step), high = beside(x + step);
  return level >= low - error(low) && level <= high + error(high);
}

/// Nodes and weights of a sum or an integral.
struct Rule {
  std::vector<double> x = {};
  std::vector<double> weight = {};
};

/// Double-exponential quadrature between two breaks, of which one may be infinite: nodes come so close to a
/// finite end,
/// and go so far out, that algebraic singularities and heavy tails are integrated like analytic functions.
///
///   source  Takahasi & Mori 1974
inline void append_interval(Rule& rule, double low, double high, double length, double step) {
  constexpr double half_pi = 1.57079632679489661923;
  const auto enter = [&](double x, double weight) {
    if (x > low && x < high) rule.x.push_back(x), rule.weight.push_back(step * weight);
  };
  if (std::isfinite(low) && std::isfinite(high)) {
    for (double t = -4.25; t <= 4.25; t += step) {
      const double near = (high - low) / (1 + std::exp(2 * half_pi * std::sinh(std::abs(t))));
      const double weight = 2 * half_pi * std::cosh(t) * near * (1 - near / (high - low));
      enter(t < 0 ? low + near : high - near, weight);
    }
    return;
  }
  const double end = std::isfinite(low) ? low : high, side = std::isfinite(low) ? 1 : -1;
  for (double t = -5; t <= 5; t += step) {
    const double distance = length * std::exp(half_pi * std::sinh(t));
    enter(end + side * distance, half_pi * std::cosh(t) * distance);
  }
}

/// Sums over the support, or quadrature from break to break, the breaks of `other` included.
inline Rule rule_of(const Case& c, const std::vector<double>& other = {}, double step = 1.0 / 32) {
  Rule rule;
  if (c.is_discrete()) {
    rule.x = c.row.points(c.parameters);
    rule.weight.assign(rule.x.size(), 1);
    return rule;
  }
  auto breaks = c.row.breaks(c.parameters);
  const double low = breaks.front(), high = breaks.back();
  for (double x : other)
    if (x > low && x < high) breaks.push_back(x);
  std::sort(breaks.begin(), breaks.end());
  for (std::size_t i = 0; i + 1 < breaks.size(); ++i)
    append_interval(rule, breaks[i], breaks[i + 1], static_cast<double>(c.row.length(c.parameters)), step);
  for (double x : c.row.atoms(c.parameters)) rule.x.push_back(x), rule.weight.push_back(1);
  return rule;
}

/// The expectation of f(x, log p(x)) under the oracle.
template <class F>
long double expectation(const Case& c, const F& f, const Rule& rule) {
  long double total = 0;
  for (std::size_t i = 0; i < rule.x.size(); ++i) {
    const long double log_p = c.log_prob(rule.x[i]);
    const long double mass = static_cast<long double>(rule.weight[i]) * std::exp(log_p);
    if (mass > 0) total += mass * f(rule.x[i], log_p);
  }
  return total;
}
template <class F>
long double expectation(const Case& c, const F& f) {
  return expectation(c, f, rule_of(c));
}

/// Every element of every parameter moved by itself: f(parameters, parameter, element).
template <class F>
void for_each_element(const Parameters& parameters, const F& f) {
  for (std::size_t k = 0; k < parameters.size(); ++k)
    for (Index i = 0; i < parameters[k].size(); ++i) f(k, i);
}

inline Parameters moved(Parameters parameters, std::size_t k, Index i, long double to) {
  parameters[k].mutable_view<double>()[static_cast<std::size_t>(i)] = static_cast<double>(to);
  return parameters;
}

/// How far this parameter moves until the density is another one; a power of two: sums with it are exact.
inline long double length_of(const Case& c, std::size_t k) {
  long double length = c.row.length(c.parameters);
  const auto list = c.law().parameters();
  if (k < list.size() && list[k].support == Support::Kind::positive)
    for (double x : numbers(c.parameters[k])) length = std::min<long double>(length, x);
  return std::exp2(std::floor(std::log2(length)));
}

/// Whether derivatives by this parameter make sense: not by whole numbers. Laws may come in pairs, p and q.
inline bool is_continuous(const LawRow& row, std::size_t k) {
  const auto list = row.make(vars_of(row.cases[0])).parameters();
  return !list[k % list.size()].support.is_discrete();
}

/// The derivative of f(parameters) by one element.
template <class F>
long double derivative(const Case& c, const Parameters& parameters, std::size_t k, Index i, const F& f) {
  return central_difference([&](long double to) { return f(moved(parameters, k, i, to)); },
                            parameters[k].at(i), length_of(c, k) * 0x1p-10L);
}

inline bool is_finite(const Parameters& parameters) {
  return std::all_of(parameters.begin(), parameters.end(), [](const Tensor& t) {
    const auto x = numbers(t);
    return std::all_of(x.begin(), x.end(), [](double e) { return std::isfinite(e); });
  });
}

/// Each parameter n times along a new leading axis, so that gradients are those of single draws.
inline std::vector<Tensor> repeated(const Parameters& parameters, Index n) {
  std::vector<Tensor> result;
  for (const Tensor& parameter : parameters) {
    std::vector<double> all;
    const auto once = numbers(parameter);
    for (Index i = 0; i < n; ++i) all.insert(all.end(), once.begin(), once.end());
    result.emplace_back(Shape{n} + parameter.shape(), std::span<const double>(all));
  }
  return result;
}

}  // namespace tapir::vi::test
