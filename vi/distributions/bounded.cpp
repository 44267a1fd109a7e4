// Bounded: a law of numbers and two bounds.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/bounded.hpp>

#include <limits>

#include <tapir/vi/support_points.hpp>

namespace tapir::vi {

Bounded Bounded::each(const ParameterMap& f) const {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto bound = [&](const char* name, const Support& support, const Var& value) {
    return is_infinite(value) ? value : f({name, support, 0}, value);
  };
  Distribution law = base.each(within("base", f));  // listed first
  Var least = bound("low", Support::real, low);
  const Support above = is_infinite(low) ? Support::real : Support::open_interval(low, infinity);
  return {std::move(law), std::move(least), bound("high", above, high)};
}

Support Bounded::between() const {
  return Support::between({low, high, is_infinite(low), is_infinite(high)});
}

void Bounded::require_tails(std::string_view of, Where where) const {
  if (!base.has_tails())
    throw Error(of, std::string(base.name()) + " has no tails; needs log_cdf, log_sf and isf", where);
}

}  // namespace tapir::vi
