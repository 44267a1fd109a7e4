// Two sets of numbers as one: the smallest interval that holds both, and what both hold.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/support_hull.hpp>

#include <algorithm>
#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/vi/law.hpp>
#include <tapir/vi/support_points.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct End {
  Var at;
  bool without;
};

Var lower(const Var& a, const Var& b) {
  if (a.is_number() && b.is_number()) return std::min(a.number(), b.number());
  return minimum(a, b);
}

Var higher(const Var& a, const Var& b) {
  if (a.is_number() && b.is_number()) return std::max(a.number(), b.number());
  return maximum(a, b);
}

// Of whole numbers.
std::optional<Support::Bounds> whole_ends(const Support& set) {
  if (set == Support::Kind::count) return Support::Bounds{0, std::numeric_limits<double>::infinity()};
  if (set == Support::Kind::boolean) return Support::Bounds{0, 1};
  if (set == Support::Kind::whole_interval) return *set.bounds();
  return std::nullopt;
}

bool is(const End& end, const Var& at) { return end.at.is_number() && end.at.number() == at.number(); }

// An infinite end stays a bare number whatever the other one is.
template <class Choice>
End chosen(const End& a, const End& b, double infinite, const Choice& choice, bool widest) {
  const auto is_infinite = [&](const End& end) { return end.at.is_number() && end.at.number() == infinite; };
  if (is_infinite(a) && is_infinite(b))
    return {a.at, widest ? a.without && b.without : a.without || b.without};
  if (is_infinite(a)) return widest ? a : b;
  if (is_infinite(b)) return widest ? b : a;
  const Var at = choice(a.at, b.at);
  if (!at.is_number()) return {at, a.without && b.without};
  if (is(a, at) && is(b, at)) return {at, widest ? a.without && b.without : a.without || b.without};
  return {at, is(a, at) ? a.without : b.without};
}

// Known before the program runs: everywhere a <= b.
bool is_at_most(const Var& a, const Var& b) {
  if (a.is_number() && a.number() == -infinity) return true;
  if (b.is_number() && b.number() == infinity) return true;
  if (a.is_recorded() || b.is_recorded()) return false;
  return min(a <= b).item() > 0;
}

template <class Low, class High>
std::optional<Support> joined(const Support& a, const Support& b, bool widest, const Low& low_of,
                              const High& high_of) {
  const auto first = a.ends(), second = b.ends();
  if (!first || !second) return std::nullopt;
  const End low =
      chosen({first->low, first->without_low}, {second->low, second->without_low}, -infinity, low_of, widest);
  const End high = chosen({first->high, first->without_high}, {second->high, second->without_high}, infinity,
                          high_of, widest);
  const auto is_number = [](const End& end, double x) { return end.at.is_number() && end.at.number() == x; };
  if (is_number(high, infinity) && high.without) {
    if (is_number(low, -infinity) && low.without) return Support::real;
    if (is_number(low, 0)) return low.without ? Support::positive : Support::nonnegative;
  }
  return Support::between({low.at, high.at, low.without, high.without});
}

// Known before the program runs: somewhere a < b.
bool is_below(const Var& a, const Var& b) {
  if (a.is_recorded() || b.is_recorded()) return false;
  const Var low = a.tensor().cast(f64), high = b.tensor().cast(f64);
  Shape joint;
  if (!broadcast_shapes(low.shape(), high.shape(), joint)) return false;
  return max(low + 1e-6 * minimum(abs(low), abs(high)) < high).item() > 0;
}

// Sets of vectors that differ: ascending ones are as many numbers as any vector's.
bool holds_ascending(const Support& set, const Support& other) {
  using Kind = Support::Kind;
  const bool any = other == Kind::real || other == Kind::ordered;
  if (set == Kind::ordered) return any;
  return set == Kind::positive_ordered && (any || other == Kind::positive || other == Kind::nonnegative);
}

}  // namespace

bool same_set(const Support& a, const Support& b) {
  if (!(a == b.kind()) || !std::equal(a.inner_ends().begin(), a.inner_ends().end(), b.inner_ends().begin(),
                                      b.inner_ends().end(), same_value))
    return false;
  if (!a.bounds()) return true;
  return a.bounds()->without_low == b.bounds()->without_low &&
         a.bounds()->without_high == b.bounds()->without_high &&
         same_value(a.bounds()->low, b.bounds()->low) && same_value(a.bounds()->high, b.bounds()->high);
}

std::optional<Support> hull(const Support& a, const Support& b) {
  if (same_set(a, b)) return a;
  const auto both = joined(a, b, true, lower, higher);
  if (!both) return both;
  const Support::Bounds outer = both->ends().value();
  std::vector<Var> inner = a.inner_ends();
  inner.insert(inner.end(), b.inner_ends().begin(), b.inner_ends().end());
  for (const Support::Bounds& ends : {a.ends().value(), b.ends().value()})
    for (const Var& end : {ends.low, ends.high})
      if (!is_infinite(end) && !same_value(end, outer.low) && !same_value(end, outer.high))
        inner.push_back(end);
  return both->with_inner_ends(inner);
}

std::optional<Support> intersection(const Support& a, const Support& b) {
  if (same_set(a, b)) return a;
  const auto with_both = [&](const Support& set) -> std::optional<Support> {
    return set.with_inner_ends(a.inner_ends()).with_inner_ends(b.inner_ends());
  };
  if (const auto whole = whole_ends(a)) {
    const auto ends = b.ends();
    if (!ends) return std::nullopt;
    const auto at = [](const Var& x) { return End{x, false}; };
    const End low = chosen(at(whole->low), at(ends->low), -infinity, higher, false);
    const End high = chosen(at(whole->high), at(ends->high), infinity, lower, false);
    if (is(low, 0) && is(high, infinity)) return with_both(Support::count);
    return with_both(Support::whole_interval(low.at, high.at));
  }
  const auto both = joined(a, b, false, higher, lower);
  return both ? with_both(*both) : both;
}

bool have_same_ends(const Support& a, const Support& b) {
  const auto first = a.ends(), second = b.ends();
  return first && second && same_value(first->low, second->low) && same_value(first->high, second->high);
}

bool are_connected(const Support& a, const Support& b) {
  const auto first = a.ends(), second = b.ends();
  if (!first || !second) return false;
  if (same_value(first->low, second->low) || same_value(first->high, second->high)) return true;
  return is_at_most(first->low, second->high) && is_at_most(second->low, first->high);
}

bool is_known_beyond(const Support& set, const Support& other) {
  using Kind = Support::Kind;
  if (!set.inner_ends().empty()) return false;  // it may be smaller
  if (set.is_discrete() != other.is_discrete()) return true;
  if (set.rank() > 0 || other.rank() > 0) return !(set == other.kind()) && !holds_ascending(set, other);
  if ((set == Kind::category) != (other == Kind::category)) return true;
  const Support::Bounds ends = ends_of(set), outer = ends_of(other);
  return is_below(ends.low, outer.low) || is_below(outer.high, ends.high);
}

}  // namespace tapir::vi
