// Kernels: special functions against Boost in long double, and at special points, on every instruction set.
// SPDX-License-Identifier: BSD-3-Clause
#include "kernels_support.hpp"

#include <array>
#include <random>

#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/special_functions/bessel.hpp>
#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <boost/math/special_functions/trigamma.hpp>

using namespace tapir;
using namespace tapir::kernels_test;

namespace {

namespace policies = boost::math::policies;
using Policy =
    policies::policy<policies::promote_double<false>, policies::domain_error<policies::ignore_error>,
                     policies::pole_error<policies::ignore_error>,
                     policies::overflow_error<policies::ignore_error>,
                     policies::underflow_error<policies::ignore_error>>;

constexpr Wide pi = 3.14159265358979323846264338327950288L;
constexpr Wide log_2pi = 1.83787706640934548356065947281123527L;

// ---- oracles ----

bool is_pole(Wide x) { return x <= 0 && std::floor(x) == x; }

// Boost errs by reflecting where 1 - x rounds: here x is reduced exactly.
Wide lgamma_wide(Wide x) {
  if (std::isnan(x)) return x;
  if (std::isinf(x) || is_pole(x)) return infinity<Wide>;
  if (x > 0) return boost::math::lgamma(x, Policy());
  const Wide a = -x, s = std::fabs(std::sin(pi * (a - std::nearbyint(a))));
  return a < 1 ? std::log(pi / s) - boost::math::lgamma(1 + a, Policy())
               : std::log(pi / (a * s)) - boost::math::lgamma(a, Policy());
}

Wide digamma_wide(Wide x) {
  if (x == 0) return std::signbit(x) ? infinity<Wide> : -infinity<Wide>;
  if (x == infinity<Wide>) return x;
  if (!std::isfinite(x) || is_pole(x)) return nan_of<Wide>;
  if (x > 0 && x < 0x1p-70) return -1 / x;
  if (x > 0) return boost::math::digamma(x, Policy());
  const Wide a = -x, r = pi * (a - std::nearbyint(a));
  return boost::math::digamma(1 + a, Policy()) + pi * std::cos(r) / std::sin(r);
}

/// phi(a) / (1 - Phi(a)) for a > 10, by Laplace's continued fraction: erfc would round its argument.
Wide far_hazard(Wide a) {
  Wide y = a;
  for (int k = 60; k > 0; --k) y = a + Wide(k) / y;
  return y;
}
/// Below 20 in full, from there on by the series.
Wide stirling_rest_wide(Wide a) {
  if (a == 0 || a == infinity<Wide>) return a == 0 ? -infinity<Wide> : a;
  if (!(a > 0)) return nan_of<Wide>;
  if (a < 20) return a * (std::log(a) - 1) - boost::math::lgamma(a, Policy());
  const Wide h = 1 / a, w = h * h;
  const Wide series =
      h * (1 / 12.0L -
           w * (1 / 360.0L - w * (1 / 1260.0L - w * (1 / 1680.0L - w * (1 / 1188.0L - w * 691 / 360360)))));
  return (std::log(a) - log_2pi) / 2 - series;
}
Wide factorial_rest_wide(Wide k) {
  if (k == 0 || k == infinity<Wide>) return -k;
  if (k >= 20) return stirling_rest_wide(k) - std::log(k);
  if (!(k > 0)) return nan_of<Wide>;
  if (k >= 1e-3L) return k * (std::log(k) - 1) - boost::math::lgamma(k + 1, Policy());
  // Euler's constant and zeta(n)/n: k + 1 would round.
  const Wide series =
      0.4006856343865314L - k * (0.2705808084277846L - k * (0.207385551028674L - k * 0.169556L));
  return k * (std::log(k) - 1 + 0.577215664901532860606512090082402431L - k * (pi * pi / 12 - k * series));
}
Wide exp_remainder_wide(Wide x) {
  if (std::isinf(x)) return infinity<Wide>;
  if (std::fabs(x) > 0.5L || std::isnan(x)) return std::expm1(x) - x;
  Wide term = x, total = 0;
  for (int k = 2; k < 24; ++k) total += term *= x / Wide(k);
  return total;
}
Wide log_minus_digamma_wide(Wide a) {
  if (a == 0 || a == infinity<Wide>) return a == 0 ? infinity<Wide> : 0;
  if (!(a > 0)) return nan_of<Wide>;
  if (a < 20) return std::log(a) - digamma_wide(a);
  const Wide h = 1 / a, w = h * h;
  return h / 2 +
         w * (1 / 12.0L -
              w * (1 / 120.0L - w * (1 / 252.0L - w * (1 / 240.0L - w * (1 / 132.0L - w * 691 / 32760)))));
}
Wide ndtr_wide(Wide x) {
  return std::isinf(x)   ? Wide(x > 0)
         : std::isnan(x) ? x
                         : boost::math::erfc(-x * std::sqrt(Wide(0.5)), Policy()) / 2;
}
Wide log_ndtr_wide(Wide x) {
  if (x < -10) return x == -infinity<Wide> ? x : -x * x / 2 - log_2pi / 2 - std::log(far_hazard(-x));
  return x < 0 ? std::log(ndtr_wide(x)) : std::log1p(-ndtr_wide(-x));
}
Wide hazard_wide(Wide x) {
  if (x > 10) return far_hazard(x);
  return std::exp(-x * x / 2 - log_2pi / 2) / ndtr_wide(-x);
}
Wide log1mexp_wide(Wide x) {
  return x < 0 ? nan_of<Wide> : x < 0.7L ? std::log(-std::expm1(-x)) : std::log1p(-std::exp(-x));
}
Wide logit_wide(Wide p) {
  return p > 0.3L && p < 0.7L ? 2 * std::atanh(2 * p - 1) : std::log(p) - std::log1p(-p);
}
Wide far_bessel(Wide a, Wide mu) {
  Wide term = 1, total = 1;
  for (int k = 1; k < 12; ++k) total += term *= -(mu - Wide((2 * k - 1) * (2 * k - 1))) / (Wide(k) * 8 * a);
  return total / std::sqrt(2 * pi * a);
}
Wide i0e_wide(Wide x) {
  const Wide a = std::fabs(x);
  if (a > 500) return std::isinf(a) ? 0 : far_bessel(a, 0);
  return std::isnan(x) ? x : boost::math::cyl_bessel_i(0, a, Policy()) * std::exp(-a);
}
Wide i1e_wide(Wide x) {
  const Wide a = std::fabs(x);
  if (a > 500) return std::copysign(std::isinf(a) ? 0 : far_bessel(a, 4), x);
  if (a < 1e-20L || std::isnan(x)) return x / 2;
  return std::copysign(boost::math::cyl_bessel_i(1, a, Policy()) * std::exp(-a), x);
}
Wide log_i0_wide(Wide x) {
  const Wide a = std::fabs(x);
  if (a < 0.5L) {  // boost's value rounds to 1
    const Wide w = a * a / 4;
    Wide term = 1, total = 0;
    for (int k = 1; k < 16; ++k) total += term *= w / Wide(k * k);
    return std::log1p(total);
  }
  return std::isinf(a) ? a : a + std::log(i0e_wide(a));
}

// ---- where the unit of the bound is taken ----

Wide itself(Wide, Wide want) { return want; }
/// Below 0 the reflected value and what reflects it cancel.
Wide gamma_scale(Wide x, Wide want) {
  return x > 0 || !std::isfinite(want) ? want
                                       : std::max({Wide(1), std::fabs(want), std::fabs(lgamma_wide(-x))});
}
Wide digamma_scale(Wide x, Wide want) {
  return x > 0 || !std::isfinite(want) ? want
                                       : std::max({Wide(1), std::fabs(want), std::fabs(digamma_wide(-x))});
}

/// Beside its zero at 6.45.
Wide at_least_1(Wide, Wide want) { return std::max(Wide(1), std::fabs(want)); }

struct Special {
  const char* rule;
  Wide (*value)(Wide);
  double bound;
  Wide (*scale)(Wide, Wide) = itself;
};

// What was seen is written behind a bound: the largest error over 3e5 numbers of each dtype.
const Special rules[] = {
    {"lgamma", lgamma_wide, 5, gamma_scale},      // 3.9 below 0, 3.1 above
    {"digamma", digamma_wide, 8, digamma_scale},  // 7.3 below 0, 3.3 above
    {"stirling_rest", stirling_rest_wide, 5, at_least_1},
    {"factorial_rest", factorial_rest_wide, 5},
    {"exp_remainder", exp_remainder_wide, 5},
    {"log_minus_digamma", log_minus_digamma_wide, 30},
    {"ndtr", ndtr_wide, 5},               // 4.7
    {"log_ndtr", log_ndtr_wide, 7},       // 6.2
    {"normal_hazard", hazard_wide, 6.5},  // 5.8
    {"log1mexp", log1mexp_wide, 2.5},     // 2.2
    {"logit", logit_wide, 1.5},    // 1.3
    {"i0e", i0e_wide, 4.2},        // 3.7
    {"i1e", i1e_wide, 5},          // 4.7
    {"log_i0", log_i0_wide, 3.5},  // 3.3
};

/// With more of them where probabilities and small shapes lie, and beside the zeros and poles.
template <class T>
std::vector<T> operands(int count) {
  std::vector<T> x = numbers<T>(21, count);
  std::mt19937_64 random(22);
  std::uniform_real_distribution<double> uniform(0, 1), exponent(-38, 38);
  for (int i = 0; i < count; ++i) {
    const double u = uniform(random);
    for (double v : {u, 4 * u, 20 * u, 1 - u / 100, 2 + u / 100, 1.4616 + u / 1e4, -12 * u, 0.5 + u / 1000})
      x.push_back(static_cast<T>(v));
    x.push_back(static_cast<T>(std::pow(10, exponent(random))));
    x.push_back(-x.back());
  }
  return x;
}

template <class T>
void check_accuracy() {
  const std::vector<T> x = operands<T>(500);
  for (const Special& oracle : rules) {
    std::vector<Wide> wanted, scale;
    for (T v : x) {
      wanted.push_back(oracle.value(static_cast<Wide>(v)));
      scale.push_back(oracle.scale(static_cast<Wide>(v), wanted.back()));
    }
    for (InstructionSet set : supported_sets()) {
      const std::vector<T> y = apply<T>(oracle.rule, set, {x});
      double worst = 0;
      T at = 0;
      for (std::size_t i = 0; i < x.size(); ++i)
        if (const double error = ulps(y[i], wanted[i], scale[i]); error > worst) worst = error, at = x[i];
      CAPTURE(at);
      INFO(std::string(oracle.rule) << " on " << name_of(set) << ", " << name_of(dtype_of<T>));
      CHECK(worst <= oracle.bound);
    }
  }
}

Wide times_log_wide(Wide x, Wide y, Wide log_y) { return x == 0 && !std::isnan(y) ? 0 : x * log_y; }

template <class T>
void check_products() {
  const std::vector<T> x = numbers<T>(23, 300), y = shuffled(x, 24);
  for (InstructionSet set : supported_sets()) {
    const std::vector<T> of_log = apply<T>("xlogy", set, {x, y}), of_log1p = apply<T>("xlog1py", set, {x, y});
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Wide a = x[i], b = y[i];
      const Wide log = times_log_wide(a, b, std::log(b)), log1p = times_log_wide(a, b, std::log1p(b));
      worst = std::max({worst, ulps(of_log[i], log, log), ulps(of_log1p[i], log1p, log1p)});
    }
    CHECK(worst <= 2);
  }
}

// x/y from 1e-30 to 1e30, half of them close to 1, and quotients beside the smallest numbers.
template <class T>
void check_ratios() {
  std::vector<T> x, y;
  std::mt19937_64 noise(25);
  std::uniform_real_distribution<double> u(-1, 1);
  for (int i = 0; i < 100000; ++i) {
    y.push_back(static_cast<T>(std::exp(10 * u(noise))));
    x.push_back(y.back() * static_cast<T>(i % 2 ? std::exp(60 * u(noise))
                                                : 1 + u(noise) * std::exp(-20 - 20 * u(noise))));
  }
  for (double scale : {1.0, 1e-3})
    x.push_back(static_cast<T>(scale) * std::numeric_limits<T>::min()),
        y.push_back(std::numeric_limits<T>::max() / 4);
  for (InstructionSet set : supported_sets()) {
    const std::vector<T> d = apply<T>("itakura_saito", set, {x, y}), l = apply<T>("log_ratio", set, {x, y});
    double worst = 0, worst_log = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Wide a = x[i], b = y[i], e = (a - b) / b;
      Wide want = e - std::log1p(e);
      if (std::fabs(e) < 1e-3L) {
        want = 0;
        for (int k = 2; k < 12; ++k) want += (k % 2 ? -1 : 1) * std::pow(e, k) / k;
      } else if (e < -0.5L) {
        want = a / b - 1 - std::log(a) + std::log(b);
      }
      const Wide log = e < -0.5L ? std::log(a) - std::log(b) : std::log1p(e);
      worst = std::max(worst, ulps(d[i], want, want));
      worst_log = std::max(worst_log, ulps(l[i], log, log));
    }
    INFO(name_of(set) << ", " << name_of(dtype_of<T>));
    CHECK(worst <= 10);  // 9.3, by the logarithm beside 3/4 and 5/4
    CHECK(worst_log <= 4);
  }
}

/// trigamma(t) - 1/t
Wide trigamma_excess_wide(Wide t) {
  if (t < 20) return boost::math::trigamma(t, Policy()) - 1 / t;
  const Wide h = 1 / t, w = h * h;
  return w * (0.5L + h * (1 / 6.0L - w * (1 / 30.0L - w * (1 / 42.0L - w * (1 / 30.0L - w * 5 / 66)))));
}

// From 1e-2 to 1e5, half of them close to each other: the integrals of trigamma(t) - 1/t between both, by
// Gauss's rule.
template <class T>
void check_stirling() {
  using Rule = boost::math::quadrature::gauss<Wide, 20>;
  std::vector<T> a, b;
  std::mt19937_64 noise(26);
  std::uniform_real_distribution<double> u(-1, 1);
  for (int i = 0; i < 20000; ++i) {
    a.push_back(static_cast<T>(std::exp(4 + 8 * u(noise))));
    b.push_back(a.back() * static_cast<T>(i % 2 ? std::exp(3 * u(noise))
                                                : 1 + u(noise) * std::exp(-15 + 15 * u(noise))));
  }
  for (InstructionSet set : supported_sets()) {
    const std::vector<T> excess = apply<T>("stirling_excess", set, {a, b}),
                         fall = apply<T>("log_minus_digamma_fall", set, {a, b}),
                         trigamma = apply<T>("trigamma_excess", set, {a});
    double worst = 0, worst_fall = 0, worst_trigamma = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const Wide x = a[i], y = b[i], h = y - x;
      const bool near = std::fabs(h) < x / 2;
      const auto at = [&](Wide s) { return trigamma_excess_wide(x + s * h); };
      const Wide want = near ? h * h * Rule::integrate([&](Wide s) { return (1 - s) * at(s); }, 0.0L, 1.0L)
                             : stirling_rest_wide(x) - stirling_rest_wide(y) + h * log_minus_digamma_wide(x);
      const Wide slope =
          near ? h * Rule::integrate(at, 0.0L, 1.0L) : log_minus_digamma_wide(x) - log_minus_digamma_wide(y);
      worst = std::max(worst, ulps(excess[i], want, want));
      worst_fall = std::max(worst_fall, ulps(fall[i], slope, slope));
      worst_trigamma = std::max(worst_trigamma, ulps(trigamma[i], at(0), at(0)));
    }
    INFO(name_of(set) << ", " << name_of(dtype_of<T>));
    CHECK(worst <= 300);  // 253, between 3.8 and 5, where both rests are far larger than what they differ
    CHECK(worst_fall <= 100);  // 82
    CHECK(worst_trigamma <= 30);
  }
}

// Of all sizes, and on the unit circle, where the logarithm is small.
template <class T>
void check_hypot() {
  std::vector<T> x = numbers<T>(26, 400), y = shuffled(x, 27);
  std::mt19937_64 noise(28);
  std::uniform_real_distribution<double> angle(-3.2, 3.2);
  for (int i = 0; i < 400; ++i) {
    const double a = angle(noise), r = i % 2 ? 1 : 1 + 1e-3 * angle(noise);
    x.push_back(static_cast<T>(r * std::cos(a)));
    y.push_back(static_cast<T>(r * std::sin(a)));
  }
  for (InstructionSet set : supported_sets()) {
    const std::vector<T> l = apply<T>("log_hypot", set, {x, y}), re = apply<T>("reciprocal_re", set, {x, y});
    double worst = 0, worst_re = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Wide a = x[i], b = y[i];
      if (a == 0 && b == 0) continue;
      const Wide large = std::max(std::abs(a), std::abs(b)), small = std::min(std::abs(a), std::abs(b));
      const bool is_near = std::abs(large - 1) < 0.5L;
      const Wide hypot = std::isnan(a) || std::isnan(b) ? nan_of<Wide> : std::hypot(a, b);
      const Wide log = is_near ? std::log1p((large - 1) * (large + 1) + small * small) / 2 : std::log(hypot);
      const Wide of_a = std::isinf(a) && !std::isnan(b) ? 0 : a / hypot / hypot;
      // The sum of squares is known to 1e-19, a unit of 1e-3 in f64.
      worst = std::max(worst, ulps(l[i], log, std::max(std::abs(log), 1e-3L)));
      worst_re = std::max(worst_re, ulps(re[i], of_a, of_a));
    }
    INFO(name_of(set) << ", " << name_of(dtype_of<T>));
    CHECK(worst <= 3);
    CHECK(worst_re <= 3);
  }
}

template <class T>
void check_special_points() {
  constexpr T inf = infinity<T>, nan = nan_of<T>, low = std::numeric_limits<T>::lowest();
  struct Point {
    const char* rule;
    std::array<T, 2> in;
    T out;
  };
  const Point points[] = {
      {"lgamma", {0}, inf},
      {"lgamma", {T(-0.0)}, inf},
      {"lgamma", {-1}, inf},
      {"lgamma", {inf}, inf},
      {"lgamma", {-inf}, inf},
      {"lgamma", {low}, inf},
      {"lgamma", {1}, 0},
      {"lgamma", {2}, 0},
      {"lgamma", {nan}, nan},
      {"digamma", {0}, -inf},
      {"digamma", {T(-0.0)}, inf},
      {"digamma", {-1}, nan},
      {"digamma", {inf}, inf},
      {"digamma", {-inf}, nan},
      {"digamma", {low}, nan},
      {"ndtr", {0}, T(0.5)},
      {"ndtr", {inf}, 1},
      {"ndtr", {-inf}, 0},
      {"log_ndtr", {inf}, 0},
      {"log_ndtr", {-inf}, -inf},
      {"log_ndtr", {low}, -inf},
      {"log_ndtr", {nan}, nan},
      {"normal_hazard", {-inf}, 0},
      {"normal_hazard", {inf}, inf},
      {"normal_hazard", {-low}, -low},
      {"log1mexp", {0}, -inf},
      {"log1mexp", {-1}, nan},
      {"log1mexp", {inf}, 0},
      {"factorial_rest", {0}, 0},
      {"factorial_rest", {1}, -1},
      {"factorial_rest", {-1}, nan},
      {"factorial_rest", {inf}, -inf},
      {"exp_remainder", {0}, 0},
      {"exp_remainder", {inf}, inf},
      {"exp_remainder", {-inf}, inf},
      {"exp_remainder", {nan}, nan},
      {"log_ratio", {2, 2}, 0},
      {"log_ratio", {0, 1}, -inf},
      {"log_ratio", {inf, 1}, inf},
      {"log_ratio", {-1, 1}, nan},
      {"log_ratio", {1, nan}, nan},
      {"log_hypot", {0, 0}, -inf},
      {"log_hypot", {1, 0}, 0},
      {"log_hypot", {-inf, 3}, inf},
      {"log_hypot", {nan, 3}, nan},
      {"reciprocal_re", {-inf, 3}, 0},
      {"reciprocal_re", {3, -inf}, 0},
      {"reciprocal_re", {3, nan}, nan},
      {"itakura_saito", {2, 2}, 0},
      {"itakura_saito", {0, 1}, inf},
      {"itakura_saito", {-1, 1}, nan},
      {"itakura_saito", {nan, 1}, nan},
      {"itakura_saito", {-low, 1 / -low}, inf},
      {"logit", {0}, -inf},
      {"logit", {1}, inf},
      {"logit", {T(0.5)}, 0},
      {"logit", {2}, nan},
      {"logit", {-1}, nan},
      {"xlogy", {0, 0}, 0},
      {"xlogy", {0, -1}, 0},
      {"xlogy", {0, inf}, 0},
      {"xlogy", {0, nan}, nan},
      {"xlogy", {1, 0}, -inf},
      {"xlogy", {nan, 1}, nan},
      {"xlog1py", {0, -1}, 0},
      {"xlog1py", {2, -1}, -inf},
      {"xlog1py", {0, nan}, nan},
      {"i0e", {0}, 1},
      {"i0e", {inf}, 0},
      {"i0e", {-inf}, 0},
      {"i1e", {0}, 0},
      {"i1e", {T(-0.0)}, T(-0.0)},
      {"i1e", {-inf}, T(-0.0)},
      {"log_i0", {0}, 0},
      {"log_i0", {inf}, inf},
      {"log_i0", {-inf}, inf},
  };
  for (InstructionSet set : supported_sets())
    for (const Point& p : points) {
      const T out = apply<T>(p.rule, set, {{p.in[0]}, {p.in[1]}})[0];
      INFO(std::string(p.rule) << "(" << p.in[0] << ", " << p.in[1] << ") on " << name_of(set));
      if (std::isnan(p.out)) {
        CHECK(std::isnan(out));
      } else {
        CHECK(out == p.out);
        CHECK((p.out == 0 && p.in[0] == 0 ? std::signbit(out) == std::signbit(p.out) : true));
      }
    }
}

}  // namespace

TEST_CASE("kernels: special functions have the values of the table at their special points") {
  check_special_points<float>();
  check_special_points<double>();
}

TEST_CASE("kernels: xlogy and xlog1py are products, and 0 where x is") {
  check_products<float>();
  check_products<double>();
}

TEST_CASE("kernels: differences of Stirling's rest keep their digits, far and close by") {
  check_stirling<float>();
  check_stirling<double>();
}

TEST_CASE("kernels: log_ratio and the Itakura-Saito distance keep their digits from 1 - 1e-17 to 1e30") {
  check_ratios<float>();
  check_ratios<double>();
}

TEST_CASE("kernels: log_hypot keeps its digits about 1, and neither it nor 1/(x + iy) leaves the range by "
          "squares") {
  check_hypot<float>();
  check_hypot<double>();
}

TEST_CASE("kernels: special functions are within their bounds of the long double value") {
  check_accuracy<float>();
  check_accuracy<double>();
}
