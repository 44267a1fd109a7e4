// The rows of the quantiles of counts.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/special_laws.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <tapir/autodiff/ops/rows.hpp>
#include <tapir/autodiff/ops/scalar_functions.hpp>
#include <tapir/autodiff/ops/scalar_rule.hpp>

namespace tapir {
namespace {

using ops::broadcasting;
using ops::by_scalar;
using ops::no_value;
using ops::step;

namespace scalar = ops::scalar;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double largest_mean = 1e15, largest_count = 1e18;

/// The least count for which `holds`, which then holds for all larger ones: outwards from a guess in steps that grow
/// from `reach`, then by bisection.
template <class Holds>
double least_count(double guess, double reach, const Holds& holds) {
  double low = -1, high = std::floor(std::clamp(guess, 0.0, largest_count));
  if (holds(high)) {
    for (; high > 0; high = std::max(low, 0.0), reach *= 2) {
      low = high - reach;
      if (low < 0 || !holds(low)) break;
    }
    low = std::max(low, -1.0);
  } else {
    for (low = high;; low = high, reach *= 2) {
      high = low + reach;
      if (high > largest_count) return infinity;
      if (holds(high)) break;
    }
  }
  for (;;) {
    const double middle = std::floor(0.5 * low + 0.5 * high);
    if (!(middle > low && middle < high)) break;
    (holds(middle) ? high : low) = middle;
  }
  return high;
}

/// Where a count of this mean and deviation has the level about, by Fisher and Cornish's first terms.
double about(double mean, double deviation, double skew, double log_level, bool above) {
  const double score = scalar::ndtri(std::exp(std::max(log_level, -700.0)));
  const double z = std::isfinite(score) ? (above ? -score : score) : 0;
  return mean + deviation * (z + skew * (z * z - 1) / 6);
}

/// The least count k with P(K <= k) >= level, or where `above`, P(K > k) <= level; `log_tail(k)` is the log of that.
template <bool Above, class LogTail>
double count_quantile(double mean, double deviation, double skew, double level, const LogTail& log_tail) {
  if (!(level >= 0 && level <= 1)) return no_value;
  if (level == (Above ? 1 : 0)) return 0;
  const double log_level = std::log(level);
  const double guess = about(mean, deviation, skew, log_level, Above);
  return least_count(guess, std::max(1.0, std::floor(0.1 * deviation)),
                     [&](double k) { return Above ? log_tail(k) <= log_level : log_tail(k) >= log_level; });
}

template <bool Above>
double poisson(double rate, double level) {
  if (!(rate >= 0 && rate <= largest_mean)) return no_value;
  const double deviation = std::sqrt(rate);
  return count_quantile<Above>(rate, deviation, 1 / std::max(deviation, 1.0), level, [&](double k) {
    return Above ? scalar::log_gamma_p(k + 1, rate) : scalar::log_gamma_q(k + 1, rate);
  });
}

template <bool Above>
double binomial(double total, double logits, double level) {
  if (!(total >= 0 && total <= largest_mean)) return no_value;
  const double p = 1 / (1 + std::exp(-logits)), mean = total * p;
  const double deviation = std::sqrt(mean / (1 + std::exp(logits)));
  const double k =
      count_quantile<Above>(mean, deviation, (1 - 2 * p) / std::max(deviation, 1.0), level, [&](double n) {
        if (n >= total) return Above ? -infinity : 0.0;
        return Above ? scalar::log_betainc(n + 1, total - n, logits)
                     : scalar::log_betainc(total - n, n + 1, -logits);
      });
  return std::min(k, total);
}

template <bool Above>
double negative_binomial(double shape, double logits, double level) {
  const double odds = std::exp(logits), mean = shape * odds, deviation = std::sqrt(mean * (1 + odds));
  if (!(shape > 0 && shape <= largest_mean && mean <= largest_mean)) return no_value;
  const double skew = std::min(2.0, (1 + 2 * odds) / deviation);
  return count_quantile<Above>(mean, deviation, skew, level, [&](double k) {
    return Above ? scalar::log_betainc(k + 1, shape, logits) : scalar::log_betainc(shape, k + 1, -logits);
  });
}

const std::vector<ops::Domain> level_of_one{{0.5, 9}, {0.1, 0.9}};
const std::vector<ops::Domain> level_of_two{{1, 9}, {-2, 2}, {0.1, 0.9}};

const Op poisson_quantile_op{by_scalar<poisson<false>>(step("poisson_quantile", 2, level_of_one))};
const Op poisson_quantile_above_op{by_scalar<poisson<true>>(step("poisson_quantile_above", 2, level_of_one))};
const Op binomial_quantile_op{by_scalar<binomial<false>>(step("binomial_quantile", 3, level_of_two))};
const Op binomial_quantile_above_op{
    by_scalar<binomial<true>>(step("binomial_quantile_above", 3, level_of_two))};
const Op negative_binomial_quantile_op{
    by_scalar<negative_binomial<false>>(step("negative_binomial_quantile", 3, level_of_two))};
const Op negative_binomial_quantile_above_op{
    by_scalar<negative_binomial<true>>(step("negative_binomial_quantile_above", 3, level_of_two))};

}  // namespace

Var poisson_quantile(Arg rate, Arg p) { return broadcasting(poisson_quantile_op, {rate, p}); }
Var poisson_quantile_above(Arg rate, Arg q) { return broadcasting(poisson_quantile_above_op, {rate, q}); }
Var binomial_quantile(Arg total, Arg logits, Arg p) {
  return broadcasting(binomial_quantile_op, {total, logits, p});
}
Var binomial_quantile_above(Arg total, Arg logits, Arg q) {
  return broadcasting(binomial_quantile_above_op, {total, logits, q});
}
Var negative_binomial_quantile(Arg shape, Arg logits, Arg p) {
  return broadcasting(negative_binomial_quantile_op, {shape, logits, p});
}
Var negative_binomial_quantile_above(Arg shape, Arg logits, Arg q) {
  return broadcasting(negative_binomial_quantile_above_op, {shape, logits, q});
}

}  // namespace tapir
