// Forms by cases: where a case is not taken its operand is a harmless one, so that no gradient is NaN.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/forms.hpp>

#include <limits>
#include <span>

#include <tapir/autodiff/ops/elementwise.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// Coefficients from the constant one on.
Var polynomial(const Var& x, std::span<const double> coefficients) {
  Var y = coefficients.back();
  for (std::size_t i = coefficients.size() - 1; i > 0; --i) y = coefficients[i - 1] + x * y;
  return y;
}

// `series` about 0 and `closed` elsewhere.
template <class Closed>
Var by_size(const Var& x, double radius, std::span<const double> series, const Closed& closed) {
  const Var small = abs(x) < radius;
  return where(small, polynomial(where(small, x, 0), series), closed(where(small, 1, x)));
}

template <class T>
Var clamped(const Var& x, double high) {
  return clamp(x, static_cast<double>(std::numeric_limits<T>::min()), high);
}

}  // namespace

Var log_ratio(const Var& x, const Var& y) {
  const Var difference = (x - y) / y;  // x - y is exact where this is small
  const Var close = abs(difference) < 0.5;
  return log1p(where(close, difference, 0)) + log(where(close, 1, x / y));
}

Var log_complement(const Var& y) {
  constexpr double middle = -0.69314718055994530942;
  const Var close = y > middle;
  return where(close, log(-expm1(where(close, y, middle))), log1p(-exp(where(close, middle, y))));
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

Var log_odds(const Var& x) { return log(x) - log1p(-x); }

Var unless(const Var& outside, const Var& density) { return where(outside, -infinity, density); }

Var inside_positive(const Var& x) {
  if (x.dtype() == f32) return clamped<float>(x, std::numeric_limits<float>::max());
  return clamped<double>(x, std::numeric_limits<double>::max());
}

Var inside_unit(const Var& x) {
  if (x.dtype() == f32) return clamped<float>(x, 1 - 0x1p-24);
  return clamped<double>(x, 1 - 0x1p-53);
}

}  // namespace tapir::vi
