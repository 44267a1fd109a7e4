// Learning rates: numbers, or functions of the step that are recorded.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <functional>
#include <string_view>
#include <variant>

#include <tapir/autodiff/tape/var.hpp>

namespace tapir {

/// A number for each step: of the count of updates done before, 0, 1, .., an f64 scalar. Written in operations, so
/// that a replay goes on counting.
using Schedule = std::function<Var(const Var& step)>;

/// A fixed number, or a schedule.
class LearningRate {
 public:
  template <class A>
    requires std::is_arithmetic_v<A> LearningRate(A number)
        : rate_(static_cast<double>(number)) {}  // NOLINT(google-explicit-constructor)
    template <class F>
      requires(std::is_invocable_r_v<Var, F&, const Var&> &&
               !std::same_as<std::remove_cvref_t<F>, LearningRate>)
    LearningRate(F schedule) : rate_(Schedule(std::move(schedule))) {}  // NOLINT(google-explicit-constructor)

    Var operator()(const Var& step) const;
    /// An Error of `op` if it is a number that is not finite, or negative.
    void check(std::string_view op, Where where) const;

   private:
    std::variant<double, Schedule> rate_;
};

/// value
Schedule constant(double value);

struct ExponentialOptions {
  double decay = 0.5;
  double steps = 1000;
};
/// initial * decay^(step / steps)
Schedule exponential(double initial, ExponentialOptions options, Where where = here());

struct CosineOptions {
  double steps = 1000;
  double final = 0.0;
};
/// final + (initial - final) (1 + cos(pi s)) / 2, s = min(step / steps, 1)
///
///   source  Loshchilov & Hutter 2017, eq. 5
Schedule cosine(double initial, CosineOptions options, Where where = here());

/// min((step + 1) / steps, 1) * then(max(step - steps, 0)): `then` starts when the warm-up is over.
Schedule warm_up(double steps, LearningRate then, Where where = here());

}  // namespace tapir
