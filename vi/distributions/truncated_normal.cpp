// TruncatedNormal: the Gaussian law of an interval.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/truncated_normal.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/special_laws.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/forms.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double far = 40;  // standard deviations: nothing is left beyond

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

// The interval in units of scale, with its end next to loc upwards; where loc is inside, either end.
// Ends too far out to matter, infinite ones too, are `far` away from loc or from the other end.
struct Inwards {
  explicit Inwards(const TruncatedNormal& law, const Var& inside_from_low = 0.0) {
    const Var &loc = law.loc, &low = law.low, &high = law.high, reach = far * law.scale;
    const auto scaled = [&](const Var& length) {
      const Var much = length > reach;
      return where(much, far, where(much, 0, length) / law.scale);
    };
    const Var below = loc<low, above = loc> high;
    inside = logical_not(logical_or(below, above));
    from_low = logical_or(below, logical_and(inside, inside_from_low));
    mode = where(inside, loc, where(below, low, high));
    up = where(from_low, -1, 1) / law.scale;
    const Var to_low = scaled(loc - low), to_high = scaled(high - loc);
    b = where(from_low, to_low, to_high);
    w = where(inside, to_low + to_high, scaled(high - low));
    m = where(inside, 0, b);
  }

  Var log_mass() const { return log_normal_mass(b, w); }

  // The log density relative to the mode's, at the distance y from it.
  Var exponent(const Var& y) const { return -y * (0.5 * y + m); }

  Var inside = 0.0, from_low = 0.0, mode = 0.0, up = 0.0, b = 0.0, w = 0.0, m = 0.0;
};

// Expectations by quadrature over s, the distance from `top`, as far as the density matters.
class Moments {
 public:
  explicit Moments(const Inwards& in) : top(minimum(in.b, reach)) {
    static const Gauss rule = gauss(40);
    const Var above = maximum(top, 0), below = minimum(top, 0);
    const Var depth = above + reach * reach / (sqrt(square(below) + reach * reach) - below);
    const Var length = minimum(in.w - (in.b - top), depth);
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

}  // namespace

Support TruncatedNormal::support() const {
  const auto is_open = [](const Var& end) {
    if (end.is_recorded()) return false;
    const Tensor t = end.tensor();
    for (Index i = 0; i < t.size(); ++i)
      if (!std::isinf(t.at(i))) return false;
    return true;
  };
  if (is_open(low)) return is_open(high) ? Support::real : Support::at_most(high);
  return is_open(high) ? Support::at_least(low) : Support::interval(low, high);
}

Var TruncatedNormal::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), loc, scale, low, high},
                  [&] { return icdf(uniform(key_for(*this, key), shape)); });
}

Var TruncatedNormal::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale, low, high}, [&] {
    const Var outside = logical_or(logical_or(x<low, x> high), abs(x) == infinity);
    const Inwards in(*this);
    const Var y = in.up * (where(outside, in.mode, x) - in.mode);
    return unless(outside, in.exponent(y) - log(scale) - in.log_mass());
  });
}

Var TruncatedNormal::mean(Where where) const {
  return composed(where, name, {loc, scale, low, high}, [&] {
    const Inwards in(*this);
    const Moments moments(in);
    const Var y = tapir::where(in.inside, moments.top, 0) - moments.mean;
    return in.mode + scale * tapir::where(in.from_low, -y, y);
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
    const Var y = tapir::where(in.inside, moments.top, 0) - moments.mean;
    return log(scale) + in.log_mass() - (in.exponent(y) - 0.5 * moments.variance);
  });
}

// By the part that lies below x, or where x is above loc in the inside, by the part above.
Var TruncatedNormal::cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale, low, high}, [&] {
    const Inwards in(*this);
    const Var below = loc < low, upper = logical_and(in.inside, x > loc);
    const Var outside = logical_or(x <= low, x >= high), at = where(outside, in.mode, x);
    const Var width = where(upper, high - at, at - low);
    const Var much = logical_or(outside, width > far * scale);
    const Var w = where(much, far, where(much, 0, width) / scale);
    const Var b = where(below, in.b, where(upper, loc - at, at - loc) / scale);
    const Var to_mode = where(below, 0, in.exponent(in.up * (at - in.mode)));
    const Var part = exp(log_normal_mass(where(outside, 0, b), w) + to_mode - in.log_mass());
    return where(outside, x >= high, where(upper, 1 - part, part));
  });
}

Var TruncatedNormal::icdf(Arg p) const {
  return composed(p.where, name, {p.var, loc, scale, low, high}, [&] {
    const Inwards in(*this, p < 0.5);
    const Var y = normal_mass_quantile(where(in.from_low, p, 1 - p), in.b, in.w);
    return clamp(in.mode + y / in.up, low, high);
  });
}

}  // namespace tapir::vi
