// Components: the laws of which a mixture, or a chain of states, has one per state. For laws only.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distribution.hpp>

namespace tapir::vi {

/// Laws of values of one kind, by number: of one family, along the last batch axis of one law, or a list of any.
class Components {
 public:
  /// Of one family. A parameter without batch axes is shared.
  Components(Distribution law, Where where);
  explicit Components(std::vector<Distribution> laws) : laws_(std::move(laws)) {}

  /// Throws as law `of` unless there are `count`, whose values have one shape and are of one kind, and all of which have
  /// densities or all probabilities.
  ///
  ///   errors  "[Mixture] components of Normal have batch shape [2]; its last axis has to be 3"
  ///           "[Mixture] there are 2 components and 3 weights"
  ///           "[Mixture] values of Normal have shape [], those of MultivariateNormal [2]"
  ///           "[Mixture] values of Poisson are whole numbers of at least 0, those of Bernoulli zeros and ones"
  ///           "[Mixture] one of Delta and Normal has a density, the other one probabilities; a mixture of them has neither"
  void check(std::string_view of, const char* counted, Index count, Where where) const;

  int own_rank() const { return laws_.front().own_rank(); }
  Shape own_shape() const { return laws_.front().own_shape(); }
  bool is_atomic() const { return laws_.front().is_atomic(); }
  /// A set that holds the values of all: of numbers, from the lowest end to the highest.
  Support support() const;
  bool are_recorded() const;
  bool have_cdf() const;
  /// All have a distribution function and a path, and none is a law of angles: those go round.
  bool have_paths() const;
  /// Any two supports of numbers are known to be connected, whatever the weights.
  bool are_connected() const;
  /// That of an element of a vector is known to be the same set of numbers for all, without ends inside.
  bool have_one_support() const;
  /// The parameters, "components.loc" or "components[0].loc" for part "components".
  Components each(const std::string& part, const ParameterMap& f) const;
  /// For values with `count` axes more between their batch and their own ones.
  Components with_inner_axes(int count, Where where) const;
  /// The laws of the elements of a vector, if all components are `iid` or Independent along one axis; else none.
  std::optional<Components> of_elements(Where where) const;
  /// Those of element `i`.
  Components at(Index i, Where where) const;

  /// f(law, x) of each component, [.., n].
  template <class F>
  Var forms(const Var& x, const F& f, Where where) const;
  Var log_prob(const Var& x, Where where) const;
  Var cdf(const Var& x, Where where) const;
  /// [.., n] ++ own, where all have one.
  std::optional<Var> mean(Where where) const;
  std::optional<Var> variance(Where where) const;
  std::optional<Var> enumerate(Where where) const;
  /// A value of shape ++ own, of the component with that index, i64 of that shape.
  Var draw(const Key& key, const Var& index, const Shape& shape, Where where) const;

 private:
  bool have_moments() const;
  Var stacked(std::vector<Var> parts, int own, Where where) const;
  template <class F>
  std::optional<Var> moments(const F& f, Where where) const;

  std::vector<Distribution> laws_;
  bool along_axis_ = false;
};

/// A value v [.., n] ++ own taken along n by an index of `shape`: shape ++ own. The axes before n broadcast to `shape`.
Var taken(const Var& v, int own, const Var& index, const Shape& shape, Where where);

/// The sum over components, weights [.., n], of values [.., n] ++ own.
Var weighted(const Var& weights, const Var& values, int own, Where where);
/// The variance of such a mixture of components with these means and variances.
Var weighted_variance(const Var& weights, const Var& means, const Var& variances, int own, Where where);

// ---- templates ----

template <class F>
Var Components::forms(const Var& x, const F& f, Where where) const {
  if (along_axis_) return f(laws_.front(), expand_dims(Arg(x, where), -1 - own_rank()));
  std::vector<Var> parts;
  for (const Distribution& law : laws_) parts.push_back(f(law, x));
  return stacked(std::move(parts), 0, where);
}

template <class F>
std::optional<Var> Components::moments(const F& f, Where where) const {
  std::vector<Var> parts;
  for (const Distribution& law : laws_) {
    auto part = f(law);
    if (!part) return std::nullopt;
    parts.push_back(*std::move(part));
  }
  return along_axis_ ? parts.front() : stacked(std::move(parts), own_rank(), where);
}

}  // namespace tapir::vi
