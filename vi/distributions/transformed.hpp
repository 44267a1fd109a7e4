// Transformed: a law through a bijector.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/bijector.hpp>
#include <tapir/vi/distribution.hpp>

namespace tapir::vi {

/// y = bijector(x), x of law `base`.   log p(y) = log p(x) - log |det dy/dx|
///
/// The density is that of y's free numbers (all but the last of a simplex, a lower triangle), as in the laws
/// that live there. A bijector of numbers acts on each element of a value. Its parameters broadcast from the
/// right with y: as many of their last axes as a value has are own axes, those before are batch axes.
/// Parameters are "base.loc", "bijector.scale".
///
///   shapes    own axes are those of bijector(value of base); a bijector of vectors needs a base with an own
///             axis: Transformed(iid(Normal{0, 1}, {3}), Chain{{Affine{loc, scale}, StickBreaking{}}})
///   gradient  pathwise if the base is
///   domain    log p = -inf outside the image of the base's support, where that is known: see Bijector::image.
///             Draws that round to an open end, or to a coordinate 0 of a simplex, are moved just inside
///   errors    "[Transformed] values of Bernoulli are discrete; a change of variables has no density there"
///             "[Transformed] a point of StickBreaking has 1 axis, a value of Normal has 0; give it own axes
///             with iid"
///             "[Transformed] UnitVector is no bijection; its result has no density"
///             "[Transformed] values of Normal are real numbers, Power takes positive numbers"
///             "[Transformed] values of Dirichlet are simplices, whose elements depend on one another; Exp has
///             no density there"
class Transformed {
 public:
  Transformed(Distribution base, Bijector bijector, Where where = here());

  static constexpr std::string_view name = "Transformed";
  const Distribution& base() const { return base_; }
  const Bijector& bijector() const { return bijector_; }

  bool is_pathwise() const { return base_.is_pathwise(); }
  bool is_circular() const { return base_.is_circular(); }
  bool has_cdf() const;
  bool has_tails() const;
  Shape own_shape() const { return bijector_.forward_shape(base_.own_shape()); }
  Support support() const { return bijector_.image(base_.support()); }
  template <class F>
  Transformed each(F&& f) const {
    return mapped(f);
  }
  /// Element by element where the base is `iid` and the bijector one of numbers.
  std::optional<PerElement> per_element(Where where = here()) const;

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg y) const;
  /// Of monotone maps of numbers; 1 - F(x) where the map descends.
  std::optional<Var> cdf(Arg y) const;
  std::optional<Var> icdf(Arg p) const;
  std::optional<Var> log_cdf(Arg y) const;
  std::optional<Var> log_sf(Arg y) const;
  std::optional<Var> isf(Arg q) const;

 private:
  struct Unchecked {};
  Transformed(Distribution base, Bijector bijector, Unchecked)
      : base_(std::move(base)), bijector_(std::move(bijector)) {}
  Transformed mapped(const ParameterMap& f) const;
  int extra_axes() const { return base_.own_rank() - bijector_.ranks().domain; }
  Var inside(const Var& y, const Var& outside, Where where) const;
  template <class F>
  Var form(const Arg& y, double before, double behind, const F& inner) const;
  template <class F, class G>
  Var by_direction(Where where, const F& ascending, const G& descending) const;

  Distribution base_;
  Bijector bijector_;
};

/// KL of the bases, where both go through the same bijector (see `same`) and theirs is known.
std::optional<Var> kl(const Transformed& p, const Transformed& q, Where where = here());

}  // namespace tapir::vi
