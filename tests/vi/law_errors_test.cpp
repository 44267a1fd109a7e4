// The suite: what every law says of parameters that are not in their sets.
// SPDX-License-Identifier: BSD-3-Clause
#include <charconv>
#include <limits>
#include <set>

#include "law_case.hpp"
#include "shown_law.hpp"
#include "vector_suite.hpp"

namespace tapir::vi::test {
namespace {

using Kind = Support::Kind;
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// The first element of a parameter becomes `value`; then element `at` of it `is` and `needs`.
struct Wrong {
  double value;
  std::string needs;
  Index at = 0;
};

std::string text_of(double x) {
  char digits[40];
  return {digits, std::to_chars(digits, digits + sizeof digits, x).ptr};
}

std::vector<Wrong> all_of(std::initializer_list<double> values, const std::string& needs) {
  std::vector<Wrong> list;
  for (double value : values) list.push_back({value, needs});
  return list;
}

std::vector<Wrong> with_infinity(std::vector<Wrong> list) {
  list.push_back({infinity, "be finite"});
  return list;
}

// Outside of a set between bounds, which is closed where it is of whole numbers.
std::vector<Wrong> outside_bounds(const Support& support) {
  const Support::Bounds& ends = *support.bounds();
  const double low = ends.low.tensor().at(0), high = ends.high.tensor().at(0);  // of the first element
  const double below = ends.without_low ? low : low - 1, above = ends.without_high ? high : high + 1;
  if (std::isinf(high)) {
    const auto list =
        all_of({below, nan}, (ends.without_low ? "be greater than " : "be at least ") + text_of(low));
    return ends.without_high ? with_infinity(list) : list;
  }
  const std::string range = std::string(ends.without_low ? "(" : "[") + text_of(low) + ", " + text_of(high) +
                            (ends.without_high ? ")" : "]");
  if (!support.is_discrete()) return all_of({below, above, nan, infinity}, "lie in " + range);
  const double between = std::max(low, -10.0) + 0.5;
  return all_of({std::min(low - 1, 2 * low), between, nan, infinity}, "be a whole number in " + range);
}

std::vector<Wrong> outside(const Support& support, const Tensor& value) {
  switch (support.kind()) {
    case Kind::real: return all_of({nan, infinity, -infinity}, "be finite");
    case Kind::extended_real: return all_of({nan}, "be a number");
    case Kind::log_weights: return all_of({nan, infinity}, "be a number below inf");
    case Kind::positive: return with_infinity(all_of({nan, 0, -1.5, -infinity}, "be positive"));
    case Kind::nonnegative: return with_infinity(all_of({nan, -1.5}, "be at least 0"));
    case Kind::unit_interval: return all_of({nan, -0.5, 1.5}, "lie in [0, 1]");
    case Kind::lower_cholesky: return with_infinity(all_of({nan, 0, -2}, "be positive on the diagonal"));
    case Kind::ordered: {
      auto list = all_of({nan, infinity}, "be finite");
      if (value.size() > 1) list.push_back({99, "be greater than the one before it, 99", 1});
      return list;
    }
    case Kind::interval:
    case Kind::whole_interval: return outside_bounds(support);
    default: return {};
  }
}

// " at [0,1] of f64[2,2]"; nothing where there is one element.
std::string place_of(const Tensor& value, Index at) {
  std::string place;
  for (int axis = value.shape().rank() - 1; axis >= 0; --axis) {
    place = std::to_string(at % value.shape()[axis]) + (place.empty() ? "" : ",") + place;
    at /= value.shape()[axis];
  }
  return place.empty() ? "" : " at [" + place + "] of " + value.type().str();
}

void check_errors(const ShownLaw& law, std::set<std::string>& tested) {
  const auto list = law.make(vars_of(law.parameters)).parameters();
  for (std::size_t k = 0; k < list.size(); ++k) {
    const Distribution plain = law.make(vars_of(law.parameters));
    const std::string name = std::string(plain.name()) + "." + list[k].name;
    CAPTURE(name);
    const auto wrongs = outside(list[k].support, law.parameters[k]);
    CHECK(!wrongs.empty());
    for (const Wrong& wrong : wrongs) {
      const auto parameters = moved(law.parameters, k, 0, wrong.value);
      const double named = wrong.at == 0 ? wrong.value : parameters[k].at(wrong.at);
      const std::string expected = "[" + std::string(plain.name()) + "] " + list[k].name + " is " +
                                   text_of(named) + place_of(parameters[k], wrong.at) + ", needs to " +
                                   wrong.needs;
      const std::string error = error_of([&] { law.make(vars_of(parameters)).check(); });
      CHECK(error.substr(0, error.find(" (at ")) == expected);
    }
    tested.insert(name);
  }
}

}  // namespace

TEST_CASE("every law: a parameter that is not in its set is named, with its value, its place and what it "
          "needs to be") {
  std::set<std::string> tested;
  for (const LawRow& row : law_rows()) check_errors({row.make, row.cases[0]}, tested);
  for (const VectorRow& row : vector_rows()) check_errors({row.make, row.cases[0]}, tested);
  for (const ShownLaw& law : shown_laws()) check_errors(law, tested);
  CHECK(tested.size() >= 120);
}

}  // namespace tapir::vi::test
