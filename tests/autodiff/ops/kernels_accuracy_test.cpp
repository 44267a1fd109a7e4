// Kernels: every rounding rule against long double, on every instruction set.
// SPDX-License-Identifier: BSD-3-Clause
#include "kernels_support.hpp"

#include <boost/math/special_functions/erf.hpp>

#include <tuple>

using namespace tapir;
using namespace tapir::kernels_test;

namespace {

using Policy = boost::math::policies::policy<
    boost::math::policies::promote_double<false>, boost::math::policies::promote_float<false>,
    boost::math::policies::overflow_error<boost::math::policies::ignore_error>,
    boost::math::policies::underflow_error<boost::math::policies::ignore_error>>;

// ---- oracles ----

Wide erfc_wide(Wide x) { return std::isfinite(x) ? boost::math::erfc(x, Policy()) : std::erfc(x); }
Wide erf_wide(Wide x) { return std::isfinite(x) ? boost::math::erf(x, Policy()) : std::erf(x); }
Wide sigmoid_wide(Wide x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
Wide softplus_wide(Wide x) {
  return std::isnan(x) ? x : std::fmax(x, Wide(0)) + std::log1p(std::exp(-std::fabs(x)));
}

struct Unary {
  const char* rule;
  Wide (*value)(Wide);
  double bound;  // in units of the last place, f32 and f64 alike
};

// What was seen is written behind a bound where it is not obvious: the largest error over 4e5 numbers of each dtype.
const Unary unary_rules[] = {
    {"neg", [](Wide x) { return -x; }, 0},
    {"abs", [](Wide x) { return std::fabs(x); }, 0},
    {"square", [](Wide x) { return x * x; }, 0.501},
    {"sign", [](Wide x) { return x > 0   ? Wide(1)
                                 : x < 0 ? Wide(-1)
                                         : x; }, 0},
    {"relu", [](Wide x) { return x <= 0 ? Wide(0) : x; }, 0},
    {"floor", [](Wide x) { return std::floor(x); }, 0},
    {"ceil", [](Wide x) { return std::ceil(x); }, 0},
    {"round", [](Wide x) { return std::nearbyint(x); }, 0},
    {"sqrt", [](Wide x) { return std::sqrt(x); }, 0.501},
    {"rsqrt", [](Wide x) { return 1 / std::sqrt(x); }, 1.5},
    {"exp", [](Wide x) { return std::exp(x); }, 1.2},                 // 1.06
    {"expm1", [](Wide x) { return std::expm1(x); }, 2.5},             // 2.35
    {"log", [](Wide x) { return std::log(x); }, 1},                   // 0.79
    {"log1p", [](Wide x) { return std::log1p(x); }, 1},               // 0.83
    {"sin", [](Wide x) { return std::sin(x); }, 2.5},                 // 2.21
    {"cos", [](Wide x) { return std::cos(x); }, 2.5},                 // 1.97
    {"tan", [](Wide x) { return std::tan(x); }, 3.5},                 // 2.98
    {"atan", [](Wide x) { return std::atan(x); }, 2.5},               // 2.23
    {"tanh", [](Wide x) { return std::tanh(x); }, 3},                 // 2.44
    {"sigmoid", sigmoid_wide, 2.5},                                   // 2.16
    {"log_sigmoid", [](Wide x) { return -softplus_wide(-x); }, 2.5},  // 1.88
    {"softplus", softplus_wide, 2.5},                                 // 1.96
    {"elu", [](Wide x) { return x > 0 ? x : std::expm1(x); }, 2.5},
    {"silu", [](Wide x) { return x == -infinity<Wide> ? Wide(-0.0) : x * sigmoid_wide(x); }, 3},  // 2.69
    {"gelu",
     [](Wide x) { return x == -infinity<Wide> ? Wide(-0.0) : x * erfc_wide(-x * std::sqrt(Wide(0.5))) / 2; },
     5},                       // 4.38
    {"erf", erf_wide, 1.6},    // 1.43
    {"erfc", erfc_wide, 4.1},  // 3.84
};

/// The largest error in ulps, and where.
template <class T>
struct Worst {
  double error = 0;
  T a = 0, b = 0;

  void take(double e, T x, T y = 0) {
    if (e > error) *this = {e, x, y};
  }
};

template <class T>
void check_unary_accuracy() {
  const std::vector<T> x = numbers<T>(1, 4000);
  for (const Unary& oracle : unary_rules) {
    std::vector<Wide> wanted(x.size());
    std::transform(x.begin(), x.end(), wanted.begin(),
                   [&](T v) { return oracle.value(static_cast<Wide>(v)); });
    for (InstructionSet set : supported_sets()) {
      const std::vector<T> y = apply<T>(oracle.rule, set, {x});
      Worst<T> worst;
      for (std::size_t i = 0; i < x.size(); ++i) worst.take(ulps(y[i], wanted[i], wanted[i]), x[i]);
      INFO(std::string(oracle.rule) << " on " << name_of(set) << ", worst at " << worst.a);
      CHECK(worst.error <= oracle.bound);
    }
  }
}

Wide logaddexp_wide(Wide a, Wide b) {
  if (a == b) return a + std::log(Wide(2));
  return std::isnan(a) || std::isnan(b) ? a + b : std::fmax(a, b) + std::log1p(std::exp(-std::fabs(a - b)));
}

/// What an error of half a unit in each operand does to log(e^a + e^b): where it is small, the operands cancel.
Wide logaddexp_scale(Wide a, Wide b, Wide want) {
  if (!std::isfinite(want) || a == b) return want;
  const auto share = [&](Wide x) { return std::isfinite(x) ? std::exp(x - want) * std::fabs(x) : Wide(0); };
  return std::fabs(want) + share(a) + share(b);
}

struct Binary {
  const char* rule;
  Wide (*value)(Wide, Wide);
  double bound;
  Wide (*scale)(Wide, Wide, Wide) = [](Wide, Wide, Wide want) {
    return want;
  };  // the bound's unit is taken there
};

const Binary binary_rules[] = {
    {"add", [](Wide a, Wide b) { return a + b; }, 0.501},
    {"sub", [](Wide a, Wide b) { return a - b; }, 0.501},
    {"mul", [](Wide a, Wide b) { return a * b; }, 0.501},
    {"div", [](Wide a, Wide b) { return a / b; }, 0.501},
    {"maximum", [](Wide a, Wide b) { return std::isnan(a) || a > b ? a : b; }, 0},
    {"minimum", [](Wide a, Wide b) { return std::isnan(a) || a < b ? a : b; }, 0},
    {"pow", [](Wide a, Wide b) { return std::pow(a, b); }, 1.6},    // 1.48
    {"atan2", [](Wide a, Wide b) { return std::atan2(a, b); }, 3},  // 2.56
    {"logaddexp", logaddexp_wide, 3, logaddexp_scale},              // 2.67
};

/// Pairs: everything with everything among special values, and random ones.
template <class T>
std::vector<std::vector<T>> pairs(int count) {
  const std::vector<T> special = numbers<T>(1, 0);
  std::vector<T> a = numbers<T>(2, count), b = shuffled(numbers<T>(3, count), 4);
  const std::size_t random_pairs = a.size();
  for (T x : special)
    for (T y : special) {
      a.push_back(x);
      b.push_back(y);
    }
  std::mt19937 random(5);
  std::uniform_real_distribution<double> moderate(-20, 20);
  for (std::size_t i = 0; i < random_pairs; ++i) {
    a.push_back(a[i]);
    b.push_back(static_cast<T>(moderate(random)));
  }
  return {a, b};
}

template <class T>
void check_binary_accuracy() {
  const auto operands = pairs<T>(3000);
  const auto& [a, b] = std::tie(operands[0], operands[1]);
  for (const Binary& oracle : binary_rules)
    for (InstructionSet set : supported_sets()) {
      const std::vector<T> out = apply<T>(oracle.rule, set, operands);
      Worst<T> worst;
      for (std::size_t i = 0; i < a.size(); ++i) {
        const Wide x = static_cast<Wide>(a[i]), y = static_cast<Wide>(b[i]), want = oracle.value(x, y);
        worst.take(ulps(out[i], want, oracle.scale(x, y, want)), a[i], b[i]);
      }
      INFO(std::string(oracle.rule) << " on " << name_of(set) << ", worst at " << worst.a << ", " << worst.b);
      CHECK(worst.error <= oracle.bound);
    }
}

}  // namespace

TEST_CASE("kernels: unary rules are within their bounds of the long double value") {
  check_unary_accuracy<float>();
  check_unary_accuracy<double>();
}

TEST_CASE("kernels: binary rules are within their bounds of the long double value") {
  check_binary_accuracy<float>();
  check_binary_accuracy<double>();
}
