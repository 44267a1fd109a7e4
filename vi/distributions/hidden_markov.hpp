// HiddenMarkov: what is seen of a chain of states, the states summed out.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include <tapir/vi/distributions/categorical.hpp>
#include <tapir/vi/distributions/components.hpp>

namespace tapir::vi {

/// A sequence x_0 .. x_(length-1), each of the law of the hidden state s_t of a Markov chain:
/// log p(x) = log sum over s of p(s_0) p(x_0|s_0) prod over t > 0 of p(s_t|s_(t-1)) p(x_t|s_t), by the forward recursion.
///
///   HiddenMarkov(Categorical{pi}, Categorical{A}, Normal{loc, scale}, 100)      loc, scale [.., n]
///
///   shapes    initial logits [.., n]; transition logits [.., n, n], rows are the states from which; the family consumes
///             its last batch axis, n, or is a list of n laws; a value has own axes [length], then those of an x_t
///   gradient  of log p by all parameters; not pathwise, and ends of emissions may move with parameters
///   cost      length n^2, by one `scan`
///   errors    "[HiddenMarkov] transitions are f64[2,3]; over 3 states they have to be [..,3,3]"
///             "[HiddenMarkov] components of Normal have batch shape [2]; its last axis has to be 3"
///             "[HiddenMarkov] the length is 0, needs to be at least 1"
///   source    Rabiner 1989
class HiddenMarkov {
 public:
  HiddenMarkov(Categorical initial, Categorical transition, Distribution family, Index length,
               Where where = here());
  HiddenMarkov(Categorical initial, Categorical transition, std::vector<Distribution> emissions, Index length,
               Where where = here());

  static constexpr std::string_view name = "HiddenMarkov";
  static constexpr bool pathwise = false;

  bool is_atomic() const { return emissions_.is_atomic(); }
  Shape own_shape() const { return Shape{length_} + emissions_.own_shape(); }
  /// That of each x_t.
  Support support() const { return emissions_.support(); }
  template <class F>
  HiddenMarkov each(F&& f) const {
    return mapped(f);
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  std::optional<Var> mean(Where where = here()) const;
  /// Of each x_t by itself.
  std::optional<Var> variance(Where where = here()) const;

  /// log p(s_t | x) of every t and state, given the whole sequence.
  ///
  ///   shapes  x [..] ++ own -> [.., length, n]
  Var state_log_probs(Arg x) const;

 private:
  HiddenMarkov(Categorical initial, Categorical transition, Components emissions, Index length)
      : initial_(std::move(initial)),
        transition_(std::move(transition)),
        emissions_(std::move(emissions)),
        length_(length) {}
  void check(Where where) const;
  HiddenMarkov mapped(const ParameterMap& f) const;
  /// What the recursions run on, by time first, and where the forward one begins.
  struct Recursion {
    Var by_time, first, log_transition;
  };
  Recursion recursion(const Arg& x) const;
  Var log_terms(const Arg& x) const;
  Shape outer_shape(const Var& terms, Where where) const;
  Var states(const Key& key, const Shape& shape, Where where) const;
  Var marginals(Where where) const;

  Categorical initial_, transition_;
  Components emissions_;
  Index length_;
};

}  // namespace tapir::vi
