// The two estimators everything starts from: the reparameterized path and the score function with its baselines.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tapir/autodiff/stochastic/estimator.hpp>

namespace tapir {

/// The gradient flows through the value: z = g(noise, parameters).
///   source  Kingma & Welling 2014
struct Pathwise {
  operator Estimator() const;  // NOLINT(google-explicit-constructor)
};

/// What a baseline gives: the cost that it sees carries no gradient.
struct BaselineValue {
  Var value;  // broadcasts to [copies, .., plates]; the score function cuts its gradient
  std::optional<Var> auxiliary = {};
  std::vector<StateUpdate> updates = {};
};

/// A control variate that does not depend on the site's own draw: it changes the variance and not the mean.
struct Baseline {
  std::string name = "none";
  Index copies = 1;
  std::function<BaselineValue(const Trial&)> value = nullptr;  // null: 0
  std::vector<Var> reads = {};                                 // see Estimator

  Baseline() = default;
  Baseline(std::string n, Index count, std::function<BaselineValue(const Trial&)> f)
      : name(std::move(n)), copies(count), value(std::move(f)) {}
  /// A learned baseline, see below.
  template <class T>
    requires(std::convertible_to<T, Var> && !std::same_as<std::remove_cvref_t<T>, Baseline>)
  Baseline(T&& fit) : Baseline(learned(Var(std::forward<T>(fit)))) {}  // NOLINT

  static Baseline none() { return {}; }
  static Baseline constant(double number);
  /// Exponential mean, over past steps, of what is left of the cost; `decay` in (0, 1).
  static Baseline running_mean(double decay = 0.9);
  /// K draws; each has the mean cost of the others as its baseline.   source  Kool, van Hoof & Welling 2019
  static Baseline leave_one_out(Index copies);
  /// One number per element of the plates (or one for all), such as the output of a network of the data and of earlier
  /// sites: fitted to the cost by least squares.
  ///
  ///   errors  "[score_function] the baseline of site "z" is f64[3,1], its plates are [3]; it has to be one number per
  ///           element, or one for all"
  static Baseline learned(Var fit);
  /// This baseline, and the running mean of what it leaves.
  Baseline and_running_mean(double decay = 0.9) const;
};

/// The log-derivative trick: the adjoint of log q is (downstream cost - baseline).
///   source  Williams 1992 (REINFORCE)
struct ScoreFunction {
  Baseline baseline = Baseline::running_mean();

  operator Estimator() const;  // NOLINT(google-explicit-constructor)
};

}  // namespace tapir
