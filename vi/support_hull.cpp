// Two sets of numbers as one: the smallest interval that holds both, and what both hold.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/support_hull.hpp>

#include <algorithm>
#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/vi/law.hpp>

namespace tapir::vi {
namespace {

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

template <class Low, class High>
std::optional<Support> joined(const Support& a, const Support& b, bool widest, const Low& low_of,
                              const High& high_of) {
  if (same_set(a, b)) return a;
  const auto first = a.ends(), second = b.ends();
  if (!first || !second) return std::nullopt;
  constexpr double infinity = std::numeric_limits<double>::infinity();
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

}  // namespace

bool same_set(const Support& a, const Support& b) {
  if (!(a == b.kind())) return false;
  if (!a.bounds()) return true;
  return a.bounds()->without_low == b.bounds()->without_low &&
         a.bounds()->without_high == b.bounds()->without_high &&
         same_value(a.bounds()->low, b.bounds()->low) && same_value(a.bounds()->high, b.bounds()->high);
}

std::optional<Support> hull(const Support& a, const Support& b) { return joined(a, b, true, lower, higher); }

std::optional<Support> intersection(const Support& a, const Support& b) {
  if (const auto whole = whole_ends(a)) {
    const auto ends = b.ends();
    if (!ends) return std::nullopt;
    const auto at = [](const Var& x) { return End{x, false}; };
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const End low = chosen(at(whole->low), at(ends->low), -infinity, higher, false);
    const End high = chosen(at(whole->high), at(ends->high), infinity, lower, false);
    if (is(low, 0) && is(high, infinity)) return Support::count;
    return Support::whole_interval(low.at, high.at);
  }
  return joined(a, b, false, higher, lower);
}

}  // namespace tapir::vi
