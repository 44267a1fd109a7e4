// ContinuousBernoulli: a density on the unit interval in the place of a coin.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/continuous_bernoulli.hpp>

#include <array>
#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// The law as a density e^(rate y) that falls in y, so that no exponential is above 1: y is x, or 1 - x.
struct Falling {
  Var rising, rate;

  explicit Falling(const Var& logits) : rising(logits > 0), rate(where(rising, -logits, logits)) {}
  Var turned(const Var& x) const { return where(rising, 1 - x, x); }
};

// Quantiles of a rising density are found from 0 on, where e^-rate is a number.
constexpr double steepest = -80;

// B_2n / (2n)!, n = 1, 2, ..: enough for |rate| < 1. The series converges below 2 pi.
constexpr std::size_t terms = 10;
constexpr double bernoulli[terms] = {1.0 / 12,
                                     -1.0 / 720,
                                     1.0 / 30240,
                                     -1.0 / 1209600,
                                     1.0 / 47900160,
                                     -691.0 / 1307674368000,
                                     1.0 / 74724249600,
                                     -3617.0 / 10670622842880000,
                                     43867.0 / 5109094217170944000,
                                     -174611.0 / 802857662698291200000.0};

// Each term times factor(2n).
template <class F>
constexpr std::array<double, terms> series(F factor) {
  std::array<double, terms> result{};
  for (std::size_t n = 0; n < terms; ++n) result[n] = bernoulli[n] * factor(2.0 * static_cast<double>(n + 1));
  return result;
}

template <class Near, class Far>
Var by_size(const Var& rate, const Near& near, const Far& far) {
  const Var small = rate > -1;
  return where(small, near(where(small, rate, 0)), far(where(small, -1, rate)));
}

// The logarithm of the integral of e^(rate y), and its first and second derivative.
Var log_norm(const Var& rate) {
  static constexpr auto coefficients = series([](double n) { return 1 / n; });
  return by_size(
      rate, [](const Var& r) { return 0.5 * r + square(r) * polynomial(square(r), coefficients); },
      [](const Var& r) { return log(-expm1(r)) - log(-r); });
}

Var mean_of(const Var& rate) {
  static constexpr auto coefficients = series([](double) { return 1.0; });
  return by_size(
      rate, [](const Var& r) { return 0.5 + r * polynomial(square(r), coefficients); },
      [](const Var& r) { return exp(r) / expm1(r) - 1 / r; });
}

Var variance_of(const Var& rate) {
  static constexpr auto coefficients = series([](double n) { return n - 1; });
  return by_size(
      rate, [](const Var& r) { return polynomial(square(r), coefficients); },
      [](const Var& r) { return 1 / square(r) - exp(r) / square(expm1(r)); });
}

// The quantiles of the falling law, by the probability of less or of more.
Var from_below(const Var& rate, const Var& p) {
  const Var y = p * expm1_ratio(rate);
  return y * log1p_ratio(rate * y);
}
Var from_above(const Var& rate, const Var& q) {
  const Var steep = rate < -1, fall = where(steep, rate, -2);
  const Var far = log(where(steep, q + (1 - q) * exp(fall), 0.5)) / fall;
  return where(steep, minimum(far, 1), from_below(where(steep, 0, rate), 1 - q));
}

// The logarithms of the probabilities of less and of more than 0 < x < 1: the smaller one as that of the falling
// law, the larger one by it.
struct LogParts {
  LogParts(const Var& logits, const Var& x) {
    const Falling law(logits);
    const Var &rate = law.rate, y = law.turned(x), rest = where(law.rising, x, 1 - x);
    const Var whole = log(expm1_ratio(rate));
    const Var less = log(y) + log(expm1_ratio(rate * y)) - whole;
    const Var more = rate * y + log(rest) + log(expm1_ratio(rate * rest)) - whole;
    const Var is_less = less < more, smaller = where(is_less, less, more);
    const Var larger = log1p(-exp(smaller));
    below = where(logical_xor(is_less, law.rising), smaller, larger);
    above = where(logical_xor(is_less, law.rising), larger, smaller);
  }

  Var below = 0.0, above = 0.0;
};

// The log density is linear in x.
std::optional<Var> cross_entropy(const Distribution& p, const ContinuousBernoulli& q, Where where) {
  const auto mean = real_mean(p, where);
  if (!mean) return std::nullopt;
  return composed(where, "kl", {*mean, q.logits}, [&] {
    const Var outside = leaves(p, 0, 1);
    return tapir::where(outside, infinity, -q.log_prob(Arg(tapir::where(outside, 0.5, *mean), where)));
  });
}

const KlRow<ContinuousBernoulli, ContinuousBernoulli> continuous_continuous;
const CrossRow<ContinuousBernoulli, cross_entropy> any_continuous_bernoulli;

}  // namespace

ContinuousBernoulli ContinuousBernoulli::probs(Arg p) {
  check_parameter(name, "probs", p, Support::unit_interval, p.where);
  return {.logits = composed(p.where, name, {p.var}, [&] { return logit(p); })};
}

// Of the falling law, turned: u is as likely as 1 - u.
Var ContinuousBernoulli::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), logits}, [&] {
    const Falling law(logits);
    return law.turned(from_below(law.rate, uniform(key_for(*this, key), shape)));
  });
}

Var ContinuousBernoulli::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, logits}, [&] {
    const Var outside = logical_or(x<0, x> 1);
    const Falling law(logits);
    return unless(outside, law.rate * law.turned(where(outside, 0.5, x)) - log_norm(law.rate));
  });
}

Var ContinuousBernoulli::mean(Where where) const {
  return composed(where, name, {logits}, [&] {
    const Falling law(logits);
    return law.turned(mean_of(law.rate));
  });
}

Var ContinuousBernoulli::variance(Where where) const {
  return composed(where, name, {logits}, [&] { return variance_of(Falling(logits).rate); });
}

Var ContinuousBernoulli::entropy(Where where) const {
  return composed(where, name, {logits}, [&] {
    const Falling law(logits);
    return log_norm(law.rate) - law.rate * mean_of(law.rate);
  });
}

Var ContinuousBernoulli::cdf(Arg x) const {
  return composed(x.where, name, {x.var, logits}, [&] {
    const Falling law(logits);
    const Var y = clamp(x, 0, 1), falling = y * (expm1_ratio(law.rate * y) / expm1_ratio(law.rate));
    return exp(where(law.rising, law.rate * (1 - y), 0)) * falling;
  });
}

Var ContinuousBernoulli::icdf(Arg p) const {
  return composed(p.where, name, {p.var, logits}, [&] {
    const Falling law(logits);
    const Var far = logical_and(law.rising, law.rate <= steepest);
    const Var x = from_below(where(law.rising, where(far, steepest, -law.rate), law.rate), p);
    return where(far, 1 - from_above(where(far, law.rate, -2), p), x);
  });
}

Var ContinuousBernoulli::isf(Arg q) const {
  return composed(q.where, name, {q.var, logits}, [&] {
    const Falling law(logits);
    return where(law.rising, 1 - from_below(law.rate, q), from_above(law.rate, q));
  });
}

Var ContinuousBernoulli::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, logits}, [&] {
    return between_ends(x, 0, 1, 0.5, log_cdf_ends, [&](const Var& y) { return LogParts(logits, y).below; });
  });
}

Var ContinuousBernoulli::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, logits}, [&] {
    return between_ends(x, 0, 1, 0.5, log_sf_ends, [&](const Var& y) { return LogParts(logits, y).above; });
  });
}

// In the direction in which p falls.
Var kl(const ContinuousBernoulli& p, const ContinuousBernoulli& q, Where where) {
  return composed(where, "kl", {p.logits, q.logits}, [&] {
    const Falling law(p.logits);
    const Var other = tapir::where(law.rising, -q.logits, q.logits);
    const Var norms = maximum(other, 0) + (log_norm(-abs(other)) - log_norm(law.rate));
    return norms - (other - law.rate) * mean_of(law.rate);
  });
}

}  // namespace tapir::vi
