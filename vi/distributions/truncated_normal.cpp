// TruncatedNormal: the Gaussian law of an interval.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/truncated_normal.hpp>

#include <cmath>
#include <vector>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/forms.hpp>

namespace tapir::vi {
namespace {

constexpr double half_log_2pi = 0.91893853320467274178;
constexpr double far = 1e3;  // standard deviations: nothing is left beyond

// Gauss and Legendre's nodes and weights on [0, 1].
struct Gauss {
  Tensor nodes, weights;
};

Gauss gauss(int n) {
  std::vector<double> nodes, weights;
  for (int i = 0; i < n; ++i) {
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
    nodes.push_back(static_cast<double>((1 - x) / 2));
    weights.push_back(static_cast<double>(1 / ((1 - x * x) * slope * slope)));
  }
  return {Tensor({n}, std::span<const double>(nodes)), Tensor({n}, std::span<const double>(weights))};
}

// A mean over [0, t] with the weights exp(beta s - s^2/2), of 1 or of f(s).
template <class F>
Var mean_over(const Gauss& rule, const Var& beta, const Var& t, const F& f) {
  const Var s = expand_dims(t, -1) * Var::open(rule.nodes);
  return sum(Var::open(rule.weights) * f(s) * exp(s * (expand_dims(beta, -1) - 0.5 * s)), -1);
}

Var mean_weight(const Var& beta, const Var& t) {
  static const Gauss rule = gauss(10);
  return mean_over(rule, beta, t, [](const Var&) { return Var(1.0); });
}

// log Phi(beta) - log Phi(beta - t) for beta <= 0
Var log_share(const Var& beta, const Var& t) {
  return t * (0.5 * t - beta) + log_ratio(normal_hazard(t - beta), normal_hazard(-beta));
}

// The interval from its end with more mass inwards, in units of scale: the standard normal law below beta,
// down to beta - width.
struct Inwards {
  explicit Inwards(const TruncatedNormal& law)
      : from_low(0.5 * law.low + 0.5 * law.high > law.loc),
        end(where(from_low, law.low, law.high)),
        beta(where(from_low, law.loc - law.low, law.high - law.loc) / law.scale),
        width((law.high - law.low) / law.scale),
        narrow(width * maximum(abs(beta), 1) < 1),
        central(logical_and(beta > 0, logical_not(narrow))),
        tail(logical_not(logical_or(narrow, central))) {
    narrow_beta = where(narrow, beta, 0);
    narrow_width = where(narrow, width, 1);
    central_beta = where(central, minimum(beta, far), 1);
    central_alpha = where(central, maximum(beta - width, -far), -1);
    tail_beta = where(tail, beta, -1);
    tail_width = where(tail, minimum(width, far), 1);
  }

  // log of the integral of exp(beta t - t^2/2) over the width; in the middle, of exp(-z^2/2)/sqrt(2 pi).
  Var log_mass() const {
    const Var in_tail = log1mexp(log_share(tail_beta, tail_width)) - log(normal_hazard(-tail_beta));
    const Var above = log_ndtr(central_beta);
    const Var in_middle = above + log1mexp(above - log_ndtr(central_alpha));
    const Var in_narrow = log(narrow_width) + log(mean_weight(narrow_beta, narrow_width));
    return where(narrow, in_narrow, where(central, in_middle, in_tail));
  }

  // What is left of the exponent, t away from the end.
  Var exponent(const Var& t) const {
    const Var z = where(central, beta - t, 0);
    const Var inner = where(central, 0, t);
    return where(central, -0.5 * square(z) - half_log_2pi, inner * (beta - 0.5 * inner));
  }

  Var from_low, end, beta, width, narrow, central, tail;
  Var narrow_beta, narrow_width, central_beta, central_alpha, tail_beta, tail_width;
};

// Expectations by quadrature over s, the distance from `top`, as far as the density matters.
class Moments {
 public:
  explicit Moments(const Inwards& in) : top(minimum(in.beta, reach)) {
    static const Gauss rule = gauss(40);
    const Var above = maximum(top, 0), below = minimum(top, 0);
    const Var depth = above + reach * reach / (sqrt(square(below) + reach * reach) - below);
    const Var length = minimum(in.width - (in.beta - top), depth);
    s_ = expand_dims(length, -1) * Var::open(rule.nodes);
    const Var weights = Var::open(rule.weights) * exp(s_ * (expand_dims(top, -1) - 0.5 * s_));
    weights_ = weights / sum(weights, -1, true);
    mean = sum(weights_ * s_, -1);
    variance = sum(weights_ * square(s_ - expand_dims(mean, -1)), -1);
  }

  Var top, mean = 0.0, variance = 0.0;

 private:
  static constexpr double reach = 9.2;  // exp(-reach^2/2) is below rounding
  Var s_ = 0.0, weights_ = 0.0;
};

// Newton's steps towards the zero of a monotone function; the last two are differentiated, which makes
// derivatives up to the third those of the zero.
template <class Step>
Var zero_of(Var t, int steps, const Step& step) {
  for (int i = 0; i < steps; ++i) t = stop_gradient(step(t));
  return step(step(t));
}

// The distance within which the share `v` of the mass lies.
Var tail_distance(const Inwards& in, const Var& v) {
  const Var &beta = in.tail_beta, hazard = normal_hazard(-beta);
  const Var depth = -log1p(v * expm1(-log_share(beta, in.tail_width)));
  const Var start = minimum(depth / hazard, 2 * depth / (sqrt(square(beta) + 2 * depth) - beta));
  return zero_of(stop_gradient(start), 4, [&](const Var& t) {
    return maximum(t - (log_share(beta, t) - depth) / normal_hazard(t - beta), 0);
  });
}

Var narrow_distance(const Inwards& in, const Var& v) {
  const Var& beta = in.narrow_beta;
  const Var part = v * in.narrow_width * mean_weight(beta, in.narrow_width);
  return zero_of(stop_gradient(v * in.narrow_width), 3, [&](const Var& t) {
    return t - (t * mean_weight(beta, t) - part) / exp(t * (beta - 0.5 * t));
  });
}

}  // namespace

Var TruncatedNormal::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), loc, scale, low, high},
                  [&] { return icdf(uniform(key_for(*this, key), shape)); });
}

Var TruncatedNormal::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale, low, high}, [&] {
    const Var outside = logical_or(x<low, x> high);
    const Inwards in(*this);
    const Var inside = where(outside, in.end, x);
    const Var t = where(in.from_low, inside - low, high - inside) / scale;
    return unless(outside, in.exponent(t) - log(scale) - in.log_mass());
  });
}

Var TruncatedNormal::mean(Where where) const {
  return composed(where, name, {loc, scale, low, high}, [&] {
    const Inwards in(*this);
    const Moments moments(in);
    const Var z = moments.top - moments.mean, t = scale * moments.mean;
    const Var from_loc = loc + scale * tapir::where(in.from_low, -z, z);
    return tapir::where(in.central, from_loc, in.end + tapir::where(in.from_low, t, -t));
  });
}

Var TruncatedNormal::variance(Where where) const {
  return composed(where, name, {loc, scale, low, high},
                  [&] { return square(scale) * Moments(Inwards(*this)).variance; });
}

Var TruncatedNormal::entropy(Where where) const {
  return composed(where, name, {loc, scale, low, high}, [&] {
    const Inwards in(*this);
    const Moments moments(in);
    const Var &m = moments.mean, &v = moments.variance;
    const Var in_middle = -0.5 * (v + square(moments.top - m)) - half_log_2pi;
    const Var from_end = moments.top * m - 0.5 * (v + square(m));
    return log(scale) + in.log_mass() - tapir::where(in.central, in_middle, from_end);
  });
}

Var TruncatedNormal::cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale, low, high}, [&] {
    const Inwards in(*this);
    const Var inside = clamp(x, low, high);
    const Var t = where(in.from_low, inside - low, high - inside) / scale;
    const Var tail_t = where(in.tail, minimum(t, far), 0), narrow_t = where(in.narrow, t, 0);
    const Var in_tail = expm1(-log_share(in.tail_beta, tail_t)) /
                        expm1(-log_share(in.tail_beta, in.tail_width));
    const Var above = ndtr(in.central_beta), below = ndtr(in.central_alpha);
    const Var in_middle = (above - ndtr(where(in.central, in.beta - t, 0))) / (above - below);
    const Var in_narrow = narrow_t * mean_weight(in.narrow_beta, narrow_t) /
                          (in.narrow_width * mean_weight(in.narrow_beta, in.narrow_width));
    const Var share = where(in.narrow, in_narrow, where(in.central, in_middle, in_tail));
    return where(in.from_low, share, 1 - share);
  });
}

Var TruncatedNormal::icdf(Arg p) const {
  return composed(p.where, name, {p.var, loc, scale, low, high}, [&] {
    const Inwards in(*this);
    const Var v = where(in.from_low, p, 1 - p);
    const Var below = (1 - v) * ndtr(in.central_beta) + v * ndtr(in.central_alpha);
    const Var z = ndtri(where(in.central, below, 0.5));
    const Var t = where(in.narrow, narrow_distance(in, v), tail_distance(in, v)) * scale;
    const Var from_loc = loc + where(in.from_low, -z, z) * scale;
    const Var from_end = where(in.from_low, low + t, high - t);
    return clamp(where(in.central, from_loc, from_end), low, high);
  });
}

}  // namespace tapir::vi
