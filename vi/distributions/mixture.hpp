// Mixture: one of several laws, and which one is summed out.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <vector>

#include <tapir/vi/distributions/categorical.hpp>
#include <tapir/vi/distributions/components.hpp>

namespace tapir::vi {

/// A value of component k with probability w_k.   log p(x) = log sum over k of w_k p_k(x)
///
///   Mixture(Categorical::probs(w), Normal{loc, scale})         one family: loc, scale [.., n]
///   Mixture(Categorical{logits}, {Normal{0, 1}, Cauchy{}})     any laws whose values are of one kind
///   Mixture(Categorical{logits}, Independent(Normal{m, s}, 1))  vectors of independent elements: m, s [.., n, d]
///
///   shapes    logits [.., n]; a family consumes the last batch axis, n; what is left broadcasts together
///   gradient  pathwise in the weights too, where no draw jumps: components are laws of numbers with a distribution
///             function and a path, but not of angles, and any two supports are known to be connected; or vectors of
///             such numbers, whose supports are the same for all components. dz = -dF(z)/p(z), in vectors one coordinate
///             after another, given those before; its variance grows as the density between components becomes small.
///             First order: "[grad] a draw of Mixture is differentiated implicitly; second derivatives are not there".
///             Else not pathwise: Uniforms apart from one another, angles, vectors of Uniforms with other bounds
///   domain    as Categorical and the components; a component of weight 0 adds nothing
///   errors    "[Mixture] components of Normal have batch shape [2]; its last axis has to be 3"
///             "[Mixture] there are 2 components and 3 weights"
///             "[Mixture] values of Poisson are whole numbers of at least 0, those of Bernoulli zeros and ones"
///             "[Mixture] one of Delta and Normal has a density, the other one probabilities; a mixture of them has
///             neither"
///   source    Graves 2016, "Stochastic backpropagation through mixture density distributions"; Figurnov, Mohamed & Mnih
///             2018
class Mixture {
 public:
  Mixture(Categorical weights, Distribution family, Where where = here());
  Mixture(Categorical weights, std::vector<Distribution> components, Where where = here());

  static constexpr std::string_view name = "Mixture";
  const Categorical& weights() const { return weights_; }
  const Components& components() const { return components_; }

  /// Decided where the law is made: what draws and densities do to recorded parameters hides which of them are one.
  bool is_pathwise() const { return has_path_ ? *has_path_ : never_jumps(); }
  bool is_atomic() const { return components_.is_atomic(); }
  bool has_cdf() const { return own_shape().empty() && components_.have_cdf(); }
  Shape own_shape() const { return components_.own_shape(); }
  Support support() const { return components_.support(); }
  template <class F>
  Mixture each(F&& f) const {
    return mapped(f);
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  std::optional<Var> mean(Where where = here()) const;
  std::optional<Var> variance(Where where = here()) const;
  std::optional<Var> cdf(Arg x) const;
  std::optional<Var> enumerate(Where where = here()) const { return components_.enumerate(where); }

 private:
  Mixture(Categorical weights, Components components, std::optional<bool> has_path);
  bool never_jumps() const;
  Mixture mapped(const ParameterMap& f) const;
  Var implicit(const Var& z, Where where) const;

  Categorical weights_;
  Components components_;
  std::optional<bool> has_path_;  // none while the components are plain
};

}  // namespace tapir::vi
