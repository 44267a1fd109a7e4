// Forms by cases: where a case is not taken its operand is a harmless one, so that no gradient is NaN.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/forms.hpp>

#include <limits>
#include <optional>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/autodiff/stochastic/first_order.hpp>
#include <tapir/vi/law.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// `series` about 0 and `closed` elsewhere.
template <class Closed>
Var by_size(const Var& x, double radius, std::span<const double> series, const Closed& closed) {
  const Var small = abs(x) < radius;
  return where(small, polynomial(where(small, x, 0), series), closed(where(small, 1, x)));
}

// Logarithms of the largest and the smallest normal number, a little inside.
struct LogRange {
  double low, high;
};

LogRange log_range(std::optional<DType> dtype) {
  return dtype == f32 ? LogRange{-87.3, 88.7} : LogRange{-708.3, 709.7};
}

}  // namespace

Var polynomial(const Var& x, std::span<const double> coefficients) {
  Var y = coefficients.back();
  for (std::size_t i = coefficients.size() - 1; i > 0; --i) y = coefficients[i - 1] + x * y;
  return y;
}

Var expm1_ratio(const Var& x) {
  static constexpr double series[] = {
      1,          1.0 / 2,     1.0 / 6,      1.0 / 24,      1.0 / 120,     1.0 / 720,
      1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800};
  return by_size(x, 0.125, series, [](const Var& w) { return expm1(w) / w; });
}

Var log1p_ratio(const Var& x) {
  static constexpr double series[] = {1,       -1.0 / 2, 1.0 / 3, -1.0 / 4,  1.0 / 5,  -1.0 / 6,
                                      1.0 / 7, -1.0 / 8, 1.0 / 9, -1.0 / 10, 1.0 / 11, -1.0 / 12};
  return by_size(x, 0.03125, series, [](const Var& w) { return log1p(w) / w; });
}

// Below -40, log(1 - e^-s) is log s to the last digit, and s = e^x may vanish; above 7 it is 0.
Var log_cloglog(const Var& x) {
  const Var small = x < -40;
  return where(small, x, log1mexp(exp(where(small, 0, minimum(x, 7)))));
}

Var count_loss(const Var& k, const Var& mean) {
  const Var none = k == 0;
  return where(none, mean, k * itakura_saito(where(none, 1, mean), maximum(k, 1)));
}

Var share_loss(const Var& k, const Var& rest, const Var& log_p) {
  const Var log_excess = log1p(rest / maximum(k, 1)) + log_p;
  return where(k == 0, rest * exp(log_p), k * exp_remainder(log_excess));
}

// Close to each other by the logarithm of what a step of the logit multiplies.
Var log_sigmoid_ratio(const Var& to, const Var& from, const Var& step) {
  const Var near = abs(step) < 1;  // not of equal infinite ones
  const Var close = -log1p(sigmoid(where(near, -from, 0)) * expm1(where(near, -step, 0)));
  const Var apart = logical_not(logical_or(near, to == from));
  return where(near, close, log_sigmoid(where(apart, to, 0)) - log_sigmoid(where(apart, from, 0)));
}

Var coin_divergence(const Var& p_logits, const Var& q_logits) {
  const auto outcome = [](const Var& p, const Var& q) {
    return outcome_divergence(log_sigmoid(p), log_sigmoid(q), log_sigmoid_ratio(q, p, q - p));
  };
  return outcome(p_logits, q_logits) + outcome(-p_logits, -q_logits);
}

namespace {

// log of softmax(q) / softmax(p) where neither is 0: d, the steps of the logits from that of p's largest one
// on, which is exact, less log sum p e^d. Where a category of q would outgrow that one, or q excludes it,
// the laws are far apart, and there is nothing to lose. A step beyond 1 enters the sum as q's share less p's:
// no derivative cancels.
Var log_softmax_ratio(const Var& p, const Var& q, const Var& log_p, const Var& log_q) {
  const Var both = logical_and(p > -infinity, q > -infinity);
  const Var top = logical_and(both, log_p == max(log_p, -1, true)), shared = max(top, -1, true);
  const auto at_top = [&](const Var& x) {
    return where(shared, stop_gradient(max(where(top, x, -infinity), -1, true)), 0);
  };
  const Var p_top = at_top(p), q_top = at_top(q);
  const Var p_step = where(both, p - p_top, 0), q_step = where(both, q - q_top, 0);
  const Var share = (q - q_top) - logsumexp(p - p_top, -1, true);
  const Var tame = logical_and(shared, max(share, -1, true) < 1), step = q_step - p_step;
  const Var small = logical_and(abs(step) <= 1, both), odd = logical_not(small);
  const Var grown = exp(log_p) * expm1(where(small, step, 0)) +
                    where(odd, exp(where(logical_and(odd, tame), share, 0)) - exp(log_p), 0);
  const Var excess = sum(where(tame, grown, 0), -1, true);
  const Var apart = logical_and(both, logical_not(tame));
  return where(apart, where(apart, log_q, 0) - where(apart, log_p, 0), step - log1p(excess));
}

}  // namespace

Var choice_divergence(const Var& p_logits, const Var& q_logits) {
  const Var log_p = log_softmax(p_logits), log_q = log_softmax(q_logits);
  return sum(outcome_divergence(log_p, log_q, log_softmax_ratio(p_logits, q_logits, log_p, log_q)), -1);
}

// q - p - p log(q/p) where q is far above p, which may be 0.
Var outcome_divergence(const Var& log_p, const Var& log_q, const Var& log_ratio) {
  const Var p = exp(log_p), q = exp(log_q), none = p == 0, excluded = log_q == -infinity;
  const Var ratio = where(logical_or(none, excluded), 0, log_ratio), far = ratio > 1;
  const Var above = q - p * (1 + where(far, ratio, 0));
  const Var both = where(far, above, p * exp_remainder(where(far, 0, ratio)));
  return where(none, q, where(excluded, infinity, both));
}

// The large terms of the Gamma functions do not appear.
Var event_density(const Var& k, const Var& others, const Var& log_p, const Var& log_rest) {
  const Var total = k + others;
  return factorial_rest(k) + (stirling_rest(others) - stirling_rest(total)) -
         (share_loss(k, others, log_p) + others * exp_remainder(log_ratio(total, others) + log_rest));
}

Var beta_probability(const Var& a, const Var& b, const Var& x, const Var& rest) {
  const Var small = x <= rest, y = where(small, x, rest);
  const Var p = betainc(where(small, a, b), where(small, b, a), y);
  return where(small, p, 1 - p);
}

// The table of x and a against all that is drawn and all that was there, by its losses to independence.
Var urn_part(const Var& x, const Var& a, const Var& draws, const Var& total) {
  const Var both = x + a, all = draws + total;
  const Var loss = a * exp_remainder(log_ratio(both, a) + log_ratio(total, all));
  return factorial_rest(x) + (stirling_rest(a) - stirling_rest(both)) -
         (count_loss(x, both * (draws / all)) + loss);
}

Var urn_total(const Var& draws, const Var& total) {
  return (stirling_rest(draws + total) - stirling_rest(total)) - factorial_rest(draws);
}

bool are_few(const Var& total) { return !total.is_recorded() && total.rank() == 0 && total.item() < 1000; }

Var counts_up_to(const Var& total, std::optional<DType> dtype, std::string_view law, Where where) {
  if (total.is_recorded())
    throw Error(law, "total_count is recorded; the values can be listed only if it is plain", where);
  if (total.rank() > 0)
    throw Error(law,
                "total_count is " + total.type().str() + ": not all elements have the same values to list",
                where);
  const Var counts = iota(static_cast<Index>(total.item()) + 1, dtype.value_or(f64));
  return dtype ? counts : Var::open(counts.tensor());
}

Var log_weights(std::string_view law, const Arg& p) {
  check_parameter(law, "probs", p, Support::unit_interval, p.where);
  const Var logits = composed(p.where, law, {p.var}, [&] { return log(p); });
  check_parameter(law, "log probs", logits, Support::log_weights, p.where);
  return logits;
}

// Each one from the one before it: the last count but one that can grow does, and the last takes the rest.
std::optional<Var> counts_of_sum(const Var& total, Index n, std::optional<DType> dtype) {
  constexpr Index most = 100000;
  if (total.is_recorded() || total.rank() > 0 || n < 1) return std::nullopt;
  std::vector<double> counts(static_cast<std::size_t>(n)), all;
  counts.back() = total.item();
  for (Index m = 1; m <= most; ++m) {
    all.insert(all.end(), counts.begin(), counts.end());
    std::size_t i = counts.size() - 1;
    double rest = counts[i];
    while (i > 0 && rest == 0) rest += counts[--i];
    if (i == 0) {
      const Tensor values({m, n}, std::span<const double>(all));
      return dtype ? Var(values.cast(*dtype)) : Var::open(values);
    }
    std::fill(counts.begin() + static_cast<std::ptrdiff_t>(i), counts.end(), 0.0);
    ++counts[i - 1];
    counts.back() = rest - 1;
  }
  return std::nullopt;
}

void require_last_axis(std::string_view law, const Arg& x, Index count) {
  if (x.rank() == 0 || x.shape().back() != count)
    throw Error(law, "x is " + x.type().str() + "; its last axis has to be of " + std::to_string(count),
                x.where);
}

// Of bare numbers, what is not whole becomes -1, which is no category.
Var density_of_category(const Arg& x, Index count, const std::function<Var(const Var& known)>& density) {
  const Var index = x.var.is_open() ? cast(where(x.var == floor(x.var), x.var, -1), i64) : x.var;
  const Var inside = logical_and(index >= 0, index < count);
  const Var chosen = density(where(inside, index, 0));
  const Var taken = chosen.dtype() ? cast(inside, *chosen.dtype()) : Var::open(inside.tensor().cast(f64));
  return where(taken, chosen, -infinity);
}

Var element_at(const Var& table, const Var& index) {
  if (table.rank() == 1) return take(table, index);
  const Shape batch = table.shape().take_front(table.rank() - 1);
  Shape joint;
  (void)broadcast_shapes(index.shape(), batch, joint);
  const Var full = broadcast_to(table, joint + Shape{table.shape().back()});
  return squeeze(gather(full, expand_dims(broadcast_to(index, joint), -1)), -1);
}

Var unless(const Var& outside, const Var& density) { return where(outside, -infinity, density); }

Var between_ends(const Var& x, double low, double high, double some, EndValues ends,
                 const std::function<Var(const Var& inside)>& inside) {
  const Var below = x <= low, outside = logical_or(below, x >= high);
  return where(outside, where(below, ends.low, ends.high), inside(where(outside, some, x)));
}

Var between_counts(const Var& x, EndValues ends, const std::function<Var(const Var& count)>& inside) {
  return between_ends(floor(x), -1, infinity, 0, ends, inside);
}

// The range of log p is cut: what is divided is smaller still where p has no number.
Var implicit_draw(const Var& z, const Var& level, const Var& log_density, std::string_view of) {
  const LogRange range = log_range(z.dtype());
  const Var density = exp(clamp(stop_gradient(log_density), range.low, range.high));
  const Var change = (stop_gradient(level) - level) / density;
  return z + first_order(change, "a draw of " + std::string(of) +
                                     " is differentiated implicitly; second derivatives are not there");
}

Var scaled_exp(const Var& scale, const Var& y) {
  return scale *
         exp(clamp(y, log_range(y.dtype()).low - log(minimum(scale, 1)), largest_exponent(scale, y.dtype())));
}

Var largest_exponent(const Var& scale, std::optional<DType> dtype) {
  return log_range(dtype).high - log(maximum(scale, 1));
}

Var at_most_largest(const Var& x) {
  return minimum(x, x.dtype() == f32 ? static_cast<double>(std::numeric_limits<float>::max())
                                     : std::numeric_limits<double>::max());
}

Var inside_unit(const Var& x) {
  const bool single = x.dtype() == f32;
  const double smallest =
      single ? static_cast<double>(std::numeric_limits<float>::min()) : std::numeric_limits<double>::min();
  return clamp(x, smallest, 1 - (single ? 0x1p-24 : 0x1p-53));
}

}  // namespace tapir::vi
