// Looking for values outside a set.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/support.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

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

std::optional<Range> range_between(const Support::Bounds& bounds, bool whole) {
  if (bounds.low.is_recorded() || bounds.high.is_recorded()) return std::nullopt;
  const Tensor low = bounds.low.tensor();
  const Tensor high = bounds.high.tensor();
  if (low.size() != 1 || high.size() != 1) return std::nullopt;
  return Range{.low = low.item(),
               .high = high.item(),
               .whole = whole,
               .need = std::string(whole ? "be a whole number" : "lie") + " in [" +
                       text(low.item(), low.dtype()) + ", " + text(high.item(), high.dtype()) + "]"};
}

std::optional<Range> range_of(const Support& support) {
  using Kind = Support::Kind;
  switch (support.kind()) {
    case Kind::real: return Range{.without_low = true, .without_high = true, .need = "be finite"};
    case Kind::extended_real: return Range{.need = "be a number"};
    case Kind::log_weight: return Range{.without_high = true, .need = "be a number below inf"};
    case Kind::positive:
      return Range{.low = 0, .without_low = true, .without_high = true, .need = "be positive"};
    case Kind::unit_interval: return Range{.low = 0, .high = 1, .need = "lie in [0, 1]"};
    case Kind::boolean: return Range{.low = 0, .high = 1, .whole = true, .need = "be 0 or 1"};
    case Kind::interval:
    case Kind::category: break;
  }
  return range_between(*support.bounds(), support.kind() == Kind::category);
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

}  // namespace

std::optional<std::string> Support::violation(const Tensor& value) const {
  const auto range = range_of(*this);
  if (!range) return std::nullopt;
  const Index i = dispatch(value.dtype(), [&](auto zero) {
    const auto x = value.view<decltype(zero)>();
    const auto is_outside = [&](auto e) { return !range->contains(static_cast<double>(e)); };
    return static_cast<Index>(std::find_if(x.begin(), x.end(), is_outside) - x.begin());
  });
  if (i == value.size()) return std::nullopt;
  const double x = value.at(i);
  const bool too_large = x == infinity && range->low == 0 && range->without_high;
  return "is " + text(x, value.dtype()) + place_of(i, value.type()) + ", needs to " +
         (too_large ? std::string("be finite") : range->need);
}

}  // namespace tapir::vi
