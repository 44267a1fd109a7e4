// Looking for values outside a set.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/support.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <tapir/autodiff/ops/structure.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// As few digits as tell the number from its neighbours of the same dtype.
std::string text(double x, DType dtype) {
  char digits[40];
  const auto end = dtype == f32 ? std::to_chars(digits, digits + sizeof digits, static_cast<float>(x))
                                : std::to_chars(digits, digits + sizeof digits, x);
  return {digits, end.ptr};
}

// The two ends of a set of numbers, and what a number outside is told.
struct Range {
  double low = -infinity;
  double high = infinity;
  bool without_low = false;
  bool without_high = false;
  bool whole = false;
  std::string need = {};

  bool contains(double x) const {
    const bool inside = (without_low ? x > low : x >= low) && (without_high ? x < high : x <= high);
    return inside && (!whole || x == std::floor(x));
  }
};

Range whole_range(double low, double high, const std::string& low_text, const std::string& high_text) {
  std::string need = "be a whole number";
  if (std::isfinite(high))
    need += " in [" + low_text + ", " + high_text + "]";
  else if (std::isfinite(low))
    need += ", at least " + low_text;
  return {.low = low,
          .high = high,
          .without_low = low == -infinity,
          .without_high = high == infinity,
          .whole = true,
          .need = need};
}

Range range_between(Support::Kind kind, double low, double high, const Support::Bounds& bounds) {
  using Kind = Support::Kind;
  const std::string low_text = text(low, bounds.low.type().dtype);
  const std::string high_text = text(high, bounds.high.type().dtype);
  switch (kind) {
    case Kind::half_line: return {.low = low, .without_high = true, .need = "be at least " + low_text};
    case Kind::above:
      return {.low = low, .without_low = true, .without_high = true, .need = "be greater than " + low_text};
    case Kind::category:
    case Kind::integer: return whole_range(low, high, low_text, high_text);
    default: return {.low = low, .high = high, .need = "lie in [" + low_text + ", " + high_text + "]"};
  }
}

// Of the kinds that need no bounds.
Range range_of(Support::Kind kind) {
  using Kind = Support::Kind;
  switch (kind) {
    case Kind::extended_real: return {.need = "be a number"};
    case Kind::log_weight: return {.without_high = true, .need = "be a number below inf"};
    case Kind::positive: return {.low = 0, .without_low = true, .without_high = true, .need = "be positive"};
    case Kind::nonnegative: return {.low = 0, .without_high = true, .need = "be at least 0"};
    case Kind::unit_interval: return {.low = 0, .high = 1, .need = "lie in [0, 1]"};
    case Kind::boolean:
    case Kind::one_hot: return {.low = 0, .high = 1, .whole = true, .need = "be 0 or 1"};
    default: return {.without_low = true, .without_high = true, .need = "be finite"};
  }
}

// " at [1,0] of f64[2,2]"; nothing for the only element of rank 0.
std::string place_of(Index i, const Type& type) {
  if (type.shape.rank() == 0) return {};
  const auto strides = type.shape.strides();
  std::string at;
  for (int axis = 0; axis < type.shape.rank(); ++axis)
    at += (axis ? "," : " at [") +
          std::to_string(i / strides[static_cast<std::size_t>(axis)] % type.shape[axis]);
  return at + "] of " + type.str();
}

std::string described(const Tensor& value, Index i, const Range& range) {
  const double x = value.at(i);
  const bool too_large = x == infinity && range.low > -infinity && range.without_high;
  return "is " + text(x, value.dtype()) + place_of(i, value.type()) + ", needs to " +
         (too_large ? std::string("be finite") : range.need);
}

}  // namespace

std::optional<std::string> Support::violation(const Tensor& value) const {
  if (bounds_) return bounded_violation(value);
  const Range range = range_of(kind_);
  const Index i = dispatch(value.dtype(), [&](auto zero) {
    const auto x = value.view<decltype(zero)>();
    const auto is_outside = [&](auto e) { return !range.contains(static_cast<double>(e)); };
    return static_cast<Index>(std::find_if(x.begin(), x.end(), is_outside) - x.begin());
  });
  return i == value.size() ? std::nullopt : std::optional(described(value, i, range));
}

std::optional<std::string> Support::bounded_violation(const Tensor& value) const {
  if (bounds_->low.is_recorded() || bounds_->high.is_recorded()) return std::nullopt;
  Shape ends, joint;
  if (!broadcast_shapes(bounds_->low.shape(), bounds_->high.shape(), ends) ||
      !broadcast_shapes(ends, value.shape(), joint))
    return std::nullopt;
  const auto wide = [&](const Var& x) { return broadcast_to(x, joint).tensor(); };
  const Tensor x = wide(value), low = wide(bounds_->low), high = wide(bounds_->high);
  for (Index i = 0; i < x.size(); ++i) {
    const Range range = range_between(kind_, low.at(i), high.at(i), *bounds_);
    if (!range.contains(x.at(i))) return described(x, i, range);
  }
  return std::nullopt;
}

}  // namespace tapir::vi
