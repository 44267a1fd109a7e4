// Sets by their kinds, and looking for numbers outside a set of numbers.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/support.hpp>

#include <charconv>
#include <cmath>
#include <limits>

#include <tapir/vi/law.hpp>
#include <tapir/vi/support_points.hpp>

namespace tapir::vi {
namespace {

using Kind = Support::Kind;

constexpr double infinity = std::numeric_limits<double>::infinity();

std::string end_text(const Var& end) {
  return end.is_recorded() ? "a value of the program" : text(end.tensor().at(0), end.tensor().dtype());
}

// "[0, 2)"
std::string range_text(const Support::Bounds& ends, const std::string& low, const std::string& high) {
  return (ends.without_low ? "(" : "[") + low + ", " + high + (ends.without_high ? ")" : "]");
}

// "lie in [0, 2)", "be at least 0": what a number outside is told.
std::string needed(const Support& support, const Support::Bounds& ends, const std::string& low,
                   const std::string& high) {
  switch (support.kind()) {
    case Kind::real: return "be finite";
    case Kind::extended_real: return "be a number";
    case Kind::nonzero: return "be finite and not 0";
    case Kind::positive: return "be positive";
    case Kind::boolean: return "be 0 or 1";
    case Kind::count: return "be a whole number of at least 0";
    default: break;
  }
  if (support == Kind::category || support == Kind::whole_interval)
    return "be a whole number in " + range_text(ends, low, high);
  if (is_infinite(ends.low) && is_infinite(ends.high)) return "be a number";
  if (is_infinite(ends.high)) return (ends.without_low ? "be greater than " : "be at least ") + low;
  if (is_infinite(ends.low)) return (ends.without_high ? "be less than " : "be at most ") + high;
  return "lie in " + range_text(ends, low, high);
}

struct KnownEnds {
  double low, high;
  bool without_low = false;
  bool without_high = false;
};

// Of sets of numbers without bounds, discrete ones too.
std::optional<KnownEnds> known_ends(Kind kind) {
  switch (kind) {
    case Kind::real:
    case Kind::nonzero: return KnownEnds{-infinity, infinity, true, true};
    case Kind::extended_real: return KnownEnds{-infinity, infinity};
    case Kind::positive: return KnownEnds{0, infinity, true, true};
    case Kind::nonnegative:
    case Kind::count: return KnownEnds{0, infinity, false, true};
    case Kind::unit_interval:
    case Kind::boolean: return KnownEnds{0, 1};
    default: return std::nullopt;
  }
}

bool contains(const Support& support, const Support::Bounds& ends, double x, double low, double high) {
  const bool inside = (ends.without_low ? x > low : x >= low) && (ends.without_high ? x < high : x <= high);
  return inside && (!support.is_discrete() || x == std::floor(x)) && !(support == Kind::nonzero && x == 0);
}

// Which element of a tensor meets element `i` of what it broadcasts to.
Index met(Index i, const Shape& joint, const Shape& shape) {
  Index at = 0;
  Index stride = 1;
  for (int axis = 1; axis <= shape.rank(); ++axis) {
    if (shape[-axis] != 1) at += i % joint[-axis] * stride;
    stride *= shape[-axis];
    i /= joint[-axis];
  }
  return at;
}

Support::Bounds below(Var high, bool without_high) {
  Support::Bounds bounds;  // g++ 12 warns of an aggregate here
  bounds.low = -infinity;
  bounds.high = std::move(high);
  bounds.without_low = true;
  bounds.without_high = without_high;
  return bounds;
}

std::optional<std::string> violation_of_numbers(const Support& support, const Tensor& value) {
  const Support::Bounds ends = ends_of(support);
  if (ends.low.is_recorded() || ends.high.is_recorded()) return std::nullopt;
  const Tensor low = ends.low.tensor();
  const Tensor high = ends.high.tensor();
  Shape bounds;
  Shape joint;
  if (!broadcast_shapes(low.shape(), high.shape(), bounds) || !broadcast_shapes(bounds, value.shape(), joint))
    return std::nullopt;
  for (Index i = 0; i < joint.size(); ++i) {
    const Index at = met(i, joint, value.shape());
    const double x = value.at(at);
    const double least = low.at(met(i, joint, low.shape()));
    const double most = high.at(met(i, joint, high.shape()));
    if (contains(support, ends, x, least, most)) continue;
    const bool too_large =
        (x == infinity && is_infinite(ends.high)) || (x == -infinity && is_infinite(ends.low));
    return "is " + text(x, value.dtype()) + place_of(at, value.type().shape, value.type()) + ", needs to " +
           (too_large ? std::string("be finite")
                      : needed(support, ends, text(least, low.dtype()), text(most, high.dtype())));
  }
  return std::nullopt;
}

}  // namespace

Support::Bounds ends_of(const Support& support) {
  if (support.bounds()) {
    Support::Bounds ends = *support.bounds();
    if (support == Kind::whole_interval) {
      ends.without_low = is_infinite(ends.low);
      ends.without_high = is_infinite(ends.high);
    }
    return ends;
  }
  const KnownEnds ends = known_ends(support.kind()).value();
  return {ends.low, ends.high, ends.without_low, ends.without_high};
}

bool is_infinite(const Var& end) { return end.is_number() && std::isinf(end.number()); }

std::string text(double x, DType dtype) {
  char digits[40];
  const auto end = dtype == f32 ? std::to_chars(digits, digits + sizeof digits, static_cast<float>(x))
                                : std::to_chars(digits, digits + sizeof digits, x);
  return {digits, end.ptr};
}

std::string place_of(Index i, const Shape& shape, const Type& type) {
  if (shape.rank() == 0) return {};
  const auto strides = shape.strides();
  std::string at;
  for (int axis = 0; axis < shape.rank(); ++axis)
    at += (axis ? "," : " at [") + std::to_string(i / strides[static_cast<std::size_t>(axis)] % shape[axis]);
  return at + "] of " + type.str();
}

Support Support::of(Kind kind, int axes, std::optional<Bounds> bounds) {
  Support set(kind);
  set.axes_ = axes;
  if (bounds) set.bounds_ = std::make_shared<const Bounds>(*std::move(bounds));
  return set;
}
Support Support::greater_than(Var low) { return between({std::move(low), infinity, true, true}); }
Support Support::at_least(Var low) { return between({std::move(low), infinity, false, true}); }
Support Support::less_than(Var high) { return between(below(std::move(high), true)); }
Support Support::at_most(Var high) { return between(below(std::move(high), false)); }

bool Support::is_discrete() const {
  switch (kind_) {
    case Kind::boolean:
    case Kind::count:
    case Kind::whole_interval:
    case Kind::category:
    case Kind::one_hot:
    case Kind::count_vector: return true;
    default: return false;
  }
}

int Support::rank() const {
  switch (kind_) {
    case Kind::log_weights:
    case Kind::simplex:
    case Kind::ordered:
    case Kind::positive_ordered:
    case Kind::unit_vector:
    case Kind::one_hot:
    case Kind::count_vector: return 1;
    case Kind::lower_cholesky:
    case Kind::correlation_cholesky:
    case Kind::positive_definite: return 2;
    case Kind::zero_sum: return axes_;
    default: return 0;
  }
}

std::optional<Support::Bounds> Support::ends() const {
  if (kind_ == Kind::interval) return *bounds_;
  const auto ends = known_ends(kind_);
  if (!ends || is_discrete() || kind_ == Kind::nonzero) return std::nullopt;
  return Bounds{ends->low, ends->high, ends->without_low, ends->without_high};
}

const std::vector<Var>& Support::inner_ends() const {
  static const std::vector<Var> none;
  return inner_ends_ ? *inner_ends_ : none;
}

Support Support::with_inner_ends(const std::vector<Var>& more) const {
  if (more.empty()) return *this;
  std::vector<Var> all = inner_ends();
  all.insert(all.end(), more.begin(), more.end());
  Support set = *this;
  set.inner_ends_ = std::make_shared<const std::vector<Var>>(std::move(all));
  return set;
}

std::vector<Var> Support::all_ends() const {
  std::vector<Var> all = inner_ends();
  if (!bounds_) return all;
  for (const Var& end : {bounds_->low, bounds_->high})
    if (!is_infinite(end)) all.push_back(end);
  return all;
}

std::string Support::str() const {
  switch (kind_) {
    case Kind::real: return "real numbers";
    case Kind::extended_real: return "real numbers and infinities";
    case Kind::nonzero: return "numbers other than 0";
    case Kind::positive: return "positive numbers";
    case Kind::nonnegative: return "nonnegative numbers";
    case Kind::boolean: return "zeros and ones";
    case Kind::count: return "whole numbers of at least 0";
    case Kind::log_weights: return "vectors of log weights";
    case Kind::simplex: return "simplices";
    case Kind::ordered: return "ascending vectors";
    case Kind::positive_ordered: return "ascending positive vectors";
    case Kind::unit_vector: return "unit vectors";
    case Kind::one_hot: return "one-hot vectors";
    case Kind::count_vector: return "counts of sum " + end_text(bounds_->low);
    case Kind::lower_cholesky: return "Cholesky factors";
    case Kind::correlation_cholesky: return "Cholesky factors of correlations";
    case Kind::positive_definite: return "positive definite matrices";
    case Kind::zero_sum: return "arrays of sum 0 along each axis";
    case Kind::unit_interval:
    case Kind::interval:
    case Kind::whole_interval:
    case Kind::category: break;
  }
  const Bounds range = ends_of(*this);
  if (!is_discrete() && same_value(range.low, range.high)) return "the point " + end_text(range.low);
  return (is_discrete() ? "whole numbers in " : "numbers in ") +
         range_text(range, end_text(range.low), end_text(range.high));
}

std::optional<std::string> Support::violation(const Tensor& value) const {
  return rank() == 0 ? violation_of_numbers(*this, value) : violation_of_points(*this, value);
}

}  // namespace tapir::vi
