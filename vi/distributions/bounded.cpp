// Bounded: a law of numbers and two bounds.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/bounded.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/support_points.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double most_count = 9007199254740992.0;  // 2^53

}  // namespace

Bounded Bounded::each(const ParameterMap& f, double apart) const {
  const auto bound = [&](const char* name, const Support& support, const Var& value) {
    return is_infinite(value) ? value : f({name, support, 0}, value);
  };
  Distribution law = base.each(within("base", f));  // listed first
  const bool without_low = is_infinite(low);
  if (is_of_counts()) {
    const Var first = without_low ? Var(-most_count) : low + apart;
    Var least = bound("low", Support::whole_interval(-most_count, most_count), low);
    return {std::move(law), std::move(least),
            bound("high", Support::whole_interval(first, most_count), high)};
  }
  Var least = bound("low", Support::real, low);
  const Support above = without_low ? Support::real : Support::open_interval(low, infinity);
  return {std::move(law), std::move(least), bound("high", above, high)};
}

Support Bounded::between() const {
  return Support::between({low, high, is_infinite(low), is_infinite(high)});
}

Var Bounded::before(const Var& bound) const {
  return is_of_counts() && !is_infinite(bound) ? ceil(bound) - 1 : bound;
}

std::optional<Var> Bounded::enumerate(const Support& values, std::string_view of, Where where) const {
  if (!(values == Support::Kind::whole_interval)) return std::nullopt;
  const Var &first = values.bounds()->low, &last = values.bounds()->high;
  if (is_infinite(first) || is_infinite(last)) return std::nullopt;
  if (first.is_recorded() || last.is_recorded())
    throw Error(of, "an end is recorded; the values can be listed only if both are plain", where);
  if (first.rank() > 0 || last.rank() > 0)
    throw Error(of,
                "the ends are " + first.type().str() + " and " + last.type().str() +
                    ": not all elements have the same values to list",
                where);
  const auto of_ends = first.dtype() ? first.dtype() : last.dtype();
  const auto dtype = base.dtype() ? base.dtype() : of_ends;
  const Var steps = iota(static_cast<Index>(last.item() - first.item()) + 1, dtype.value_or(f64));
  return Var::open(first.tensor().cast(f64)) + (dtype ? steps : Var::open(steps.tensor()));
}

void Bounded::require_tails(std::string_view of, Where where) const {
  if (!base.has_tails())
    throw Error(of, std::string(base.name()) + " has no tails; needs log_cdf, log_sf and isf", where);
}

}  // namespace tapir::vi
