// Sets of values: where the values of a law lie, and what a parameter has to be.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tapir/autodiff/tape/var.hpp>

namespace tapir::vi {

/// A set of values. Most are constants (`Support::positive`); a set may have bounds that are values of the program, and
/// then moves with them: a score function by such a bound is an error.
class Support {
 public:
  enum class Kind {
    real,           // finite numbers
    extended_real,  // and the infinities
    log_weight,     // [-inf, inf)
    positive,       // (0, inf)
    nonnegative,    // [0, inf)
    unit_interval,  // [0, 1]
    interval,       // [low, high]
    half_line,      // [low, inf)
    above,          // (low, inf)
    integer,        // whole numbers in [low, high], floating
    one_hot,        // vectors of one 1 and otherwise 0
    boolean,        // 0 or 1, floating
    category        // 0, 1, .. high, i64
  };
  struct Bounds {
    Var low, high;
  };

  static const Support real, extended_real, log_weight, positive, nonnegative, unit_interval, boolean,
      one_hot;
  static Support interval(Var low, Var high) { return {Kind::interval, {std::move(low), std::move(high)}}; }
  static Support half_line(Var low) { return {Kind::half_line, {std::move(low), infinity}}; }
  static Support above(Var low) { return {Kind::above, {std::move(low), infinity}}; }
  static Support integer(Var low = -infinity, Var high = infinity) {
    return {Kind::integer, {std::move(low), std::move(high)}};
  }
  static Support category(Index count) { return {Kind::category, {0, count - 1}}; }

  Kind kind() const { return kind_; }
  bool is_discrete() const {
    return kind_ == Kind::boolean || kind_ == Kind::category || kind_ == Kind::integer ||
           kind_ == Kind::one_hot;
  }
  /// Null where the kind says it all.
  const Bounds* bounds() const { return bounds_.get(); }

  /// What is wrong with the first element of a plain value that is not in the set: "is -1, needs to be positive".
  /// Bounds that are recorded are not looked at.
  std::optional<std::string> violation(const Tensor& value) const;

  friend bool operator==(const Support& a, Kind kind) { return a.kind_ == kind; }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();

  constexpr explicit Support(Kind kind) noexcept : kind_(kind) {}
  std::optional<std::string> bounded_violation(const Tensor& value) const;
  Support(Kind kind, Bounds bounds)
      : kind_(kind), bounds_(std::make_shared<const Bounds>(std::move(bounds))) {}

  Kind kind_;
  std::shared_ptr<const Bounds> bounds_;
};

inline constinit const Support Support::real{Kind::real};
inline constinit const Support Support::extended_real{Kind::extended_real};
inline constinit const Support Support::log_weight{Kind::log_weight};
inline constinit const Support Support::positive{Kind::positive};
inline constinit const Support Support::nonnegative{Kind::nonnegative};
inline constinit const Support Support::unit_interval{Kind::unit_interval};
inline constinit const Support Support::boolean{Kind::boolean};
inline constinit const Support Support::one_hot{Kind::one_hot};

}  // namespace tapir::vi
