// Kumaraswamy: a law of the unit interval like Beta, with a closed distribution function.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/kumaraswamy.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

// log(E x^2 / (E x)^2), h = 1/concentration1, b = concentration0: a second difference of log Gamma(1 + s h)/
// Gamma(1 + b + s h) in s. For small h by its series in the functions' derivatives.
Var log_second_moment(const Var& h, const Var& b) {
  const Var small = h < 0.03125, near = where(small, h, 0), far = where(small, 1, h);
  Var series = 0.0;
  double factor = 1;  // n!
  Var power = near;
  for (Index n = 2; n <= 12; ++n) {
    factor *= static_cast<double>(n);
    power = power * near;
    const double weight = (std::exp2(static_cast<double>(n)) - 2) / factor;
    series = series + weight * power * (polygamma(n - 1, 1.0) - polygamma(n - 1, 1 + b));
  }
  const Var closed = lbeta(1 + 2 * far, b) - 2 * lbeta(1 + far, b) - log(b);
  return where(small, series, closed);
}

// Quantiles' logarithms and weights of an integral over (0, 1); a logarithm at the ends does no harm.
struct Quantiles {
  Tensor log_u, weights;
};

const Quantiles& quantiles() {
  static const Quantiles all = [] {
    constexpr double pi = 3.14159265358979323846;
    std::vector<double> log_u, weights;
    double total = 0;
    for (int i = -67; i <= 67; ++i) {
      const double e = pi * std::sinh(i / 20.0), near = std::exp(-std::abs(e));
      log_u.push_back((e < 0 ? e : 0) - std::log1p(near));
      weights.push_back(std::cosh(i / 20.0) * near / ((1 + near) * (1 + near)));
      total += weights.back();
    }
    for (double& weight : weights) weight /= total;
    const Shape shape{static_cast<Index>(weights.size())};
    return Quantiles{{shape, std::span<const double>(log_u)}, {shape, std::span<const double>(weights)}};
  }();
  return all;
}

// E log(1 - x), an infinite series (Nalisnick & Smyth 2017), by double-exponential quadrature (Takahasi &
// Mori 1974) to 1e-14: 1 - x^a is u^(1/b) for a uniform u; where that is far below rounding, 1 - x is it over
// a.
Var mean_log_rest(const Kumaraswamy& law) {
  const Var a = expand_dims(law.concentration1, -1), b = expand_dims(law.concentration0, -1);
  const Var depth = -Var::open(quantiles().log_u) / b, deep = depth > 36;
  const Var log_rest = log1mexp(-log1mexp(where(deep, 1, depth)) / a);
  return sum(Var::open(quantiles().weights) * where(deep, -depth - log(a), log_rest), -1);
}

constexpr double infinity = std::numeric_limits<double>::infinity();

std::optional<Var> moment_of(const Kumaraswamy& law, Moment which) {
  const Var &a = law.concentration1, &b = law.concentration0, exists = a > 1;
  switch (which) {
    case Moment::log: return -digamma_difference(1, b) / a;
    case Moment::log_variance: return (trigamma(1) - trigamma(1 + b)) / square(a);
    case Moment::inverse: return where(exists, b * exp(lbeta(1 - 1 / where(exists, a, 2), b)), infinity);
    case Moment::log_rest: return mean_log_rest(law);
    default: return std::nullopt;
  }
}

const MomentRow<Kumaraswamy, moment_of> kumaraswamy_moments;

}  // namespace

Var Kumaraswamy::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), concentration1, concentration0},
                  [&] { return inside_unit(icdf(uniform(key_for(*this, key), shape))); });
}

Var Kumaraswamy::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, concentration1, concentration0}, [&] {
    const Var outside = logical_or(x <= 0, x >= 1);
    const Var log_x = log(where(outside, 0.5, x));
    const Var rest = log1mexp(-concentration1 * log_x);
    return unless(outside, (log(concentration1) + log(concentration0)) + (concentration1 - 1) * log_x +
                               (concentration0 - 1) * rest);
  });
}

Var Kumaraswamy::mean(Where where) const {
  return composed(where, name, {concentration1, concentration0},
                  [&] { return concentration0 * exp(lbeta(1 + 1 / concentration1, concentration0)); });
}

Var Kumaraswamy::variance(Where where) const {
  return composed(where, name, {concentration1, concentration0}, [&] {
    const Var h = 1 / concentration1, mean = concentration0 * exp(lbeta(1 + h, concentration0));
    return square(mean) * expm1(log_second_moment(h, concentration0));
  });
}

Var Kumaraswamy::entropy(Where where) const {
  return composed(where, name, {concentration1, concentration0}, [&] {
    const Var harmonic = digamma_difference(1, concentration0);
    return (1 - 1 / concentration0) + (1 - 1 / concentration1) * harmonic -
           (log(concentration1) + log(concentration0));
  });
}

Var Kumaraswamy::cdf(Arg x) const {
  return composed(x.where, name, {x.var, concentration1, concentration0}, [&] {
    const Var outside = logical_or(x <= 0, x >= 1);
    const Var log_x = log(where(outside, 0.5, x));
    return where(outside, x >= 1, -expm1(concentration0 * log1mexp(-concentration1 * log_x)));
  });
}

Var Kumaraswamy::icdf(Arg p) const {
  return composed(p.where, name, {p.var, concentration1, concentration0},
                  [&] { return exp(log1mexp(-log1p(-p) / concentration0) / concentration1); });
}

Var Kumaraswamy::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, concentration1, concentration0}, [&] {
    const Var outside = logical_or(x <= 0, x >= 1);
    const Var log_power = concentration1 * log(where(outside, 0.5, x));
    const Var depth = -concentration0 * log1mexp(-log_power), tiny = depth < 1e-30;
    const Var below = where(tiny, log(concentration0) + log_power, log1mexp(where(tiny, 1, depth)));
    return where(outside, where(x >= 1, 0, -infinity), below);
  });
}

Var Kumaraswamy::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, concentration1, concentration0}, [&] {
    const Var outside = logical_or(x <= 0, x >= 1);
    const Var above = concentration0 * log1mexp(-concentration1 * log(where(outside, 0.5, x)));
    return where(outside, where(x >= 1, -infinity, 0), above);
  });
}

Var Kumaraswamy::isf(Arg q) const {
  return composed(q.where, name, {q.var, concentration1, concentration0},
                  [&] { return exp(log1mexp(-log(q) / concentration0) / concentration1); });
}

}  // namespace tapir::vi
