// Empirical: values that were seen, each with its weight.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/distributions/categorical.hpp>

namespace tapir::vi {

/// Value v_i with probability w_i.   log p(x) = log sum over i of w_i [x = v_i], a probability, no density
///
/// Draws of a posterior as the law of another model's site: Empirical(draws), Empirical(values, Categorical{log_weights}).
///
///   shapes    values [.., n] ++ own, of which the last `own_rank` axes are a value's own, by default all but the first;
///             weights [.., n]
///   gradient  of log p by the weights' logits; not pathwise
///   errors    "[Empirical] there are 3 values and 2 weights"
///             "[Empirical] values f64[] have no axis of values before 0 own ones"
class Empirical {
 public:
  explicit Empirical(Var values, Where where = here());
  Empirical(Var values, Categorical weights, Where where = here());
  Empirical(Var values, Categorical weights, int own_rank, Where where = here());

  static constexpr std::string_view name = "Empirical";
  static constexpr bool pathwise = false;
  static constexpr bool atomic = true;
  const Var& values() const { return values_; }
  const Categorical& weights() const { return weights_; }

  bool has_cdf() const { return own_rank_ == 0; }
  Shape own_shape() const { return values_.shape().drop_front(values_.rank() - own_rank_); }
  /// From the smallest value to the largest, each number for itself; moves with the values.
  Support support() const;
  template <class F>
  Empirical each(F&& f) const {
    Var values = f(ParameterInfo{"values", Support::real, own_rank_ + 1}, values_);
    return {Unchecked{},
            std::move(values),
            {f(ParameterInfo{"weights", Support::log_weights, 1}, weights_.logits)},
            own_rank_};
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  /// Values that stand several times have the sum of their weights.
  Var log_prob(Arg x) const;
  Var mean(Where where = here()) const;
  Var variance(Where where = here()) const;
  std::optional<Var> cdf(Arg x) const;

 private:
  struct Unchecked {};
  Empirical(Unchecked, Var values, Categorical weights, int own_rank)
      : values_(std::move(values)), weights_(std::move(weights)), own_rank_(own_rank) {}
  void check(Where where) const;

  Var values_;
  Categorical weights_;
  int own_rank_;
};

}  // namespace tapir::vi
