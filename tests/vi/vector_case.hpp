// VectorCase: a row of the suite of vectors at one point of its parameters; integrals over its values.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>

#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/bijectors/biject_to.hpp>

#include "law_case.hpp"
#include "vector_suite.hpp"

namespace tapir::vi::test {

struct VectorCase {
  const VectorRow& row;
  Parameters parameters;

  Distribution law(DType dtype = f64) const { return row.make(vars_of(parameters, dtype)); }
  Shape own() const { return law().own_shape(); }
  bool is_discrete() const { return law().support().is_discrete(); }
  long double log_prob(const Point& x) const { return row.log_prob(parameters, x); }
  /// [m] ++ own
  Tensor values(const std::vector<Point>& points, DType dtype = f64) const {
    std::vector<double> all;
    for (const Point& x : points) all.insert(all.end(), x.begin(), x.end());
    return Tensor(Shape{static_cast<Index>(points.size())} + own(), std::span<const double>(all)).cast(dtype);
  }
};

template <class F>
void for_cases(const VectorRow& row, const std::vector<Parameters>& cases, const F& f) {
  for (std::size_t i = 0; i < cases.size(); ++i) {
    CAPTURE(row.name);
    CAPTURE(i);
    f(VectorCase{row, cases[i]});
  }
}
template <class F>
void for_cases(const F& f) {
  for (const VectorRow& row : vector_rows()) for_cases(row, row.cases, f);
}
/// The first two.
template <class F>
void for_tame_cases(const F& f) {
  for (const VectorRow& row : vector_rows()) for_cases(row, {row.cases[0], row.cases[1]}, f);
}

/// The values of [m] ++ own, one by one.
inline std::vector<Point> points_of(const Tensor& values) {
  const Index m = values.shape()[0], size = values.size() / m;
  const auto all = numbers(values);
  std::vector<Point> points;
  for (Index i = 0; i < m; ++i) points.emplace_back(all.begin() + i * size, all.begin() + (i + 1) * size);
  return points;
}

/// The free numbers of a law's values: where values lie on a simplex, in a triangle, ..
class Chart {
 public:
  explicit Chart(const VectorCase& c)
      : bijector_(biject_to(c.law().support())), shape_(bijector_.inverse_shape(c.own())) {}

  const Shape& shape() const { return shape_; }
  Tensor free(const Tensor& values) const { return bijector_.inverse(values).tensor(); }
  Var values(const Var& free) const { return bijector_.forward(free); }
  /// u [m] ++ shape() -> [m]
  ValueAndLogDet values_and_log_det(const Var& u) const {
    auto [value, log_det] = bijector_.forward_and_log_det(u);
    return {value, sum_last(log_det, log_det.rank() - (u.rank() - shape_.rank()), here())};
  }

 private:
  Bijector bijector_;
  Shape shape_;
};

/// Values and weights of an integral over all of them, and the oracle's log density there.
struct Nodes {
  std::vector<Point> x = {};
  std::vector<long double> weight = {};
  std::vector<long double> log_p = {};

  void append(const VectorCase& c, const Point& value, long double by) {
    x.push_back(value);
    weight.push_back(by);
    log_p.push_back(c.log_prob(value));
  }
};

struct Grid {
  double far, step;  // in units of sinh
};
inline Grid fine_grid(Index free) { return free > 2 ? Grid{4.4, 0.125} : Grid{6.25, 1.0 / 12}; }
inline Grid coarse_grid(Index free) { return free > 2 ? Grid{3.8, 0.27} : Grid{6, 0.25}; }

/// Median and half the distance of the quartiles of each free number of draws.
struct Spread {
  std::vector<double> middle, width;
};
inline Spread spread_of(const VectorCase& c, const Chart& chart) {
  constexpr Index n = 2000;
  const auto draws = points_of(chart.free(c.law().sample(Key(20), {n}).tensor()));
  Spread spread;
  for (std::size_t i = 0; i < draws[0].size(); ++i) {
    std::vector<double> u;
    for (const Point& draw : draws) u.push_back(static_cast<double>(draw[i]));
    std::sort(u.begin(), u.end());
    spread.middle.push_back(u[n / 2]);
    spread.width.push_back((u[3 * n / 4] - u[n / 4]) / 2);
  }
  return spread;
}

/// The trapezoidal rule in v, free number u = middle + width sinh v: analytic functions that fall off at
/// least like powers are integrated to rounding. The whole support where it is finite.
inline Nodes nodes_of(const VectorCase& c, Grid (*grid)(Index)) {
  Nodes nodes;
  if (c.is_discrete()) {
    const auto listed = [&] { return points_of(c.law().enumerate().value().tensor()); };
    for (const Point& x : c.row.values ? c.row.values(c.parameters) : listed()) nodes.append(c, x, 1);
    return nodes;
  }
  const Chart chart(c);
  const Spread spread = spread_of(c, chart);
  const std::size_t free = spread.middle.size();
  const auto [far, step] = grid(static_cast<Index>(free));
  const auto per_axis = 2 * static_cast<std::size_t>(far / step) + 1;
  std::size_t count = 1;
  for (std::size_t i = 0; i < free; ++i) count *= per_axis;
  std::vector<double> u, weight;
  for (std::size_t k = 0; k < count; ++k) {
    double volume = 1;
    for (std::size_t i = 0, rest = k; i < free; ++i, rest /= per_axis) {
      const double v = step * (static_cast<double>(rest % per_axis) - static_cast<double>(per_axis / 2));
      u.push_back(spread.middle[i] + spread.width[i] * std::sinh(v));
      volume *= step * spread.width[i] * std::cosh(v);
    }
    weight.push_back(volume);
  }
  const Shape shape = Shape{static_cast<Index>(count)} + chart.shape();
  const auto [value, log_det] = chart.values_and_log_det(Tensor(shape, std::span<const double>(u)));
  const auto points = points_of(value.tensor());
  const auto log_dets = numbers(stretched(log_det, {static_cast<Index>(count)}, here()));
  for (std::size_t k = 0; k < count; ++k) {
    const long double w = weight[k] * std::exp(static_cast<long double>(log_dets[k]));
    const bool is_finite =
        std::all_of(points[k].begin(), points[k].end(), [](auto e) { return std::isfinite(e); });
    if (is_finite && std::isfinite(w) && w > 0) nodes.append(c, points[k], w);
  }
  return nodes;
}

/// The expectation of f(x, log p(x)) under the oracle.
template <class F>
long double expectation(const Nodes& nodes, const F& f) {
  long double total = 0;
  for (std::size_t k = 0; k < nodes.x.size(); ++k) {
    const long double mass = nodes.weight[k] * std::exp(nodes.log_p[k]);
    if (mass > 0) total += mass * f(nodes.x[k], nodes.log_p[k]);
  }
  return total;
}

/// How many standard errors the mean of `values` is away from `expected`, itself known to `error` relative.
inline double score_of(const std::vector<double>& values, long double expected, long double error = 1e-9L) {
  const auto n = static_cast<long double>(values.size());
  long double mean = 0, squares = 0;
  for (double x : values) mean += x / n;
  for (double x : values) squares += (x - mean) * (x - mean);
  const long double known = error * std::max(std::abs(expected), std::sqrt(squares / n + mean * mean));
  if (mean == expected) return 0;
  return static_cast<double>((mean - expected) / std::sqrt(squares / (n * (n - 1)) + known * known));
}

/// Whether element `i` of a parameter is free: above the diagonal of a factor none is.
inline bool is_free(const LawParameter& parameter, Index i) {
  if (parameter.support.is_discrete()) return false;
  if (parameter.support != Support::Kind::lower_cholesky) return true;
  const Index n = parameter.value.shape().back();
  return i % n <= i / n % n;
}

/// A power of two by which a parameter may move within its set.
inline long double length_of(const LawParameter& parameter) {
  double length = 1;
  const auto all = numbers(parameter.value.tensor());
  const auto ends = parameter.support.ends();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (parameter.support == Support::Kind::lower_cholesky) {
      const auto n = static_cast<std::size_t>(parameter.value.shape().back());
      if (i % n == i / n % n) length = std::min(length, all[i]);
    } else if (ends && ends->low.is_number() && std::isfinite(ends->low.number())) {
      length = std::min(length, all[i] - ends->low.number());
    }
  }
  return std::exp2(std::floor(std::log2(length)));
}

template <class F>
void for_each_free_element(const VectorCase& c, const F& f) {
  const auto list = c.law().parameters();
  for_each_element(c.parameters, [&](std::size_t k, Index i) {
    CAPTURE(k);
    CAPTURE(i);
    if (is_free(list[k], i)) f(k, i, length_of(list[k]));
  });
}

/// A sum over the axes after the first.
inline Var per_value(const Var& x) { return sum_last(x, x.rank() - 1, here()); }

/// Element `i` of each of n gradients.
inline std::vector<double> elements_at(const Tensor& gradients, Index n, Index i) {
  const auto all = numbers(gradients);
  std::vector<double> result;
  for (std::size_t at = static_cast<std::size_t>(i); at < all.size();
       at += all.size() / static_cast<std::size_t>(n))
    result.push_back(all[at]);
  return result;
}

/// A linear function of values, its square, or its hyperbolic tangent, which is bounded.
struct Tested {
  enum class Kind { linear, squared, bounded } kind;

  static double coefficient(std::size_t i) { return std::sin(1.0 + 2.0 * static_cast<double>(i)); }
  long double operator()(const Point& x) const {
    long double total = 0;
    for (std::size_t i = 0; i < x.size(); ++i) total += coefficient(i) * x[i];
    return kind == Kind::linear ? total : kind == Kind::squared ? total * total : std::tanh(total);
  }
  /// x [n] ++ own -> [n]
  Var operator()(const Var& x) const {
    const Shape own = x.shape().drop_front(1);
    std::vector<double> coefficients;
    for (Index i = 0; i < own.size(); ++i) coefficients.push_back(coefficient(static_cast<std::size_t>(i)));
    const Var total = per_value(x * Tensor(own, std::span<const double>(coefficients)));
    return kind == Kind::linear ? total : kind == Kind::squared ? square(total) : tanh(total);
  }
};

}  // namespace tapir::vi::test
