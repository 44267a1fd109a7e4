// Sets of values: where the values of a law lie, and what a parameter has to be.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tapir/autodiff/tape/var.hpp>

namespace tapir::vi {

/// A set of values. Most are constants (`Support::positive`); a set may have bounds that are values of the
/// program, and then moves with them. A set that is larger than what a law has a density on (the hull of a mixture's parts,
/// a codomain in place of an image) says so by `inner_ends`. A score function by an end, outer or inner, is an error. A
/// point of a set takes the last `rank()` axes of a value; the axes before them are many points.
class Support {
 public:
  enum class Kind {
    // numbers
    real,            // finite numbers
    extended_real,   // and the infinities
    nonzero,         // finite, but not 0
    positive,        // (0, inf)
    nonnegative,     // [0, inf)
    unit_interval,   // [0, 1]
    interval,        // between bounds, with or without them
    boolean,         // 0 or 1, floating
    count,           // 0, 1, 2, .. floating
    whole_interval,  // the whole numbers of [low, high], floating
    category,        // 0, 1, .. high, i64
    // vectors
    log_weights,       // numbers in [-inf, inf), of which one is finite
    simplex,           // at least 0, of sum 1
    ordered,           // ascending
    positive_ordered,  // ascending and positive
    unit_vector,       // of norm 1
    one_hot,           // one 1 among zeros
    count_vector,      // whole numbers of at least 0, of a given sum
    // matrices
    lower_cholesky,        // lower triangular, positive on the diagonal
    correlation_cholesky,  // the same, with rows of norm 1
    positive_definite,     // symmetric
    // arrays
    zero_sum  // sums along each axis are 0
  };
  /// The ends of a set of numbers. What is infinite there is a bare number.
  struct Bounds {
    Var low, high;
    bool without_low = false;
    bool without_high = false;
  };

  static const Support real, extended_real, nonzero, positive, nonnegative, unit_interval, boolean, count;
  static const Support log_weights, simplex, ordered, positive_ordered, unit_vector, one_hot;
  static const Support lower_cholesky, correlation_cholesky, positive_definite;
  static Support between(Bounds bounds) { return {Kind::interval, std::move(bounds)}; }
  /// The set of a kind; arrays of so many axes, and with the bounds that kinds with bounds have.
  static Support of(Kind kind, int axes, std::optional<Bounds> bounds = std::nullopt);
  /// [low, high]
  static Support interval(Var low, Var high) { return between({std::move(low), std::move(high)}); }
  /// (low, high)
  static Support open_interval(Var low, Var high) {
    return between({std::move(low), std::move(high), true, true});
  }
  static Support greater_than(Var low);
  static Support at_least(Var low);
  static Support less_than(Var high);
  static Support at_most(Var high);
  static Support whole_interval(Var low, Var high) {
    return {Kind::whole_interval, {std::move(low), std::move(high)}};
  }
  static Support category(Index size) { return {Kind::category, {0, size - 1}}; }
  /// What a number of trials may be: whole numbers that f64 tells apart.
  static Support total_count() { return whole_interval(0, 9007199254740992.0); }
  /// Vectors of counts that sum to `total`, which is both bounds.
  static Support count_vector(Var total) { return {Kind::count_vector, {total, total}}; }
  /// Arrays of so many axes, of sum 0 along each of them. Densities there are those of the subspace's volume:
  /// of coordinates along orthonormal directions.
  static Support zero_sum(int axes) {
    Support set(Kind::zero_sum);
    set.axes_ = axes;
    return set;
  }

  Kind kind() const { return kind_; }
  bool is_discrete() const;
  /// The axes of one point.
  int rank() const;
  /// Null where the kind says it all.
  const Bounds* bounds() const { return bounds_.get(); }
  /// The ends of a connected set of numbers, whatever its kind; none for other sets.
  std::optional<Bounds> ends() const;
  /// What ends inside of the set depend on: where a density may begin, stop or jump there. None for most sets.
  const std::vector<Var>& inner_ends() const;
  /// The same set, with these ends inside too.
  Support with_inner_ends(const std::vector<Var>& more) const;
  /// The bounds, but for bare infinities, and the inner ends: all that moves with the set.
  std::vector<Var> all_ends() const;
  /// "positive numbers", "numbers in [0, 2)", "simplices"
  std::string str() const;

  /// What is wrong with the first element or point of a plain value that is not in the set: "is -1, needs to
  /// be positive"; "sums to 0.9 at [2] of f64[5,3], needs to sum to 1". Bounds that are recorded are not
  /// looked at. What rounding leaves of an equation is 1e-8 in f64 and 1e-5 in f32.
  std::optional<std::string> violation(const Tensor& value) const;

  /// 1 where a value of the program is not in the set, else 0; 0 where it is NaN.
  ///
  ///   shapes  value [.., point] -> [..], broadcast with the bounds
  Var excludes(Arg value) const;
  /// Some point of the set, in its inside where it has one, that broadcasts to `shape`, a point's or that of
  /// many.
  Var example(const Shape& shape, Where where = here()) const;

  friend bool operator==(const Support& a, Kind kind) { return a.kind_ == kind; }

 private:
  constexpr explicit Support(Kind kind) noexcept : kind_(kind) {}
  Support(Kind kind, Bounds bounds)
      : kind_(kind), bounds_(std::make_shared<const Bounds>(std::move(bounds))) {}

  Kind kind_;
  int axes_ = 0;  // of an array
  std::shared_ptr<const Bounds> bounds_;
  std::shared_ptr<const std::vector<Var>> inner_ends_;
};

inline constinit const Support Support::real{Kind::real};
inline constinit const Support Support::extended_real{Kind::extended_real};
inline constinit const Support Support::nonzero{Kind::nonzero};
inline constinit const Support Support::positive{Kind::positive};
inline constinit const Support Support::nonnegative{Kind::nonnegative};
inline constinit const Support Support::unit_interval{Kind::unit_interval};
inline constinit const Support Support::boolean{Kind::boolean};
inline constinit const Support Support::count{Kind::count};
inline constinit const Support Support::log_weights{Kind::log_weights};
inline constinit const Support Support::simplex{Kind::simplex};
inline constinit const Support Support::ordered{Kind::ordered};
inline constinit const Support Support::positive_ordered{Kind::positive_ordered};
inline constinit const Support Support::unit_vector{Kind::unit_vector};
inline constinit const Support Support::one_hot{Kind::one_hot};
inline constinit const Support Support::lower_cholesky{Kind::lower_cholesky};
inline constinit const Support Support::correlation_cholesky{Kind::correlation_cholesky};
inline constinit const Support Support::positive_definite{Kind::positive_definite};

}  // namespace tapir::vi
