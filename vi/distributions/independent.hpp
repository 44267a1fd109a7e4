// Independent: the last batch axes of a law as own axes.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/distribution.hpp>

namespace tapir::vi {

/// Independent elements that make one value, each with parameters of its own: Independent(Normal{loc, scale}, 1) of
/// loc, scale f64[3,5] is a batch of 3 vectors of 5.   log p(x) = sum over the last `rank` axes of log p(x_i)
///
/// At a site a law of scalars needs it only inside of another law (the components of a Mixture): axes that are no plates
/// are own axes there anyway. Where all elements share the parameters, `iid` says so.
///
///   shapes    own axes are the last `rank` batch axes of the law, then its own; the parameters broadcast along them
///   gradient  as the law
///   errors    "[Independent] Normal has batch shape [], 1 axis of it becomes a value's own"
///             "[Independent] x is f64[7,4]; its last axes have to be [5]"
class Independent {
 public:
  Independent(Distribution law, int rank, Where where = here());

  static constexpr std::string_view name = "Independent";
  const Distribution& law() const { return law_; }

  bool is_pathwise() const { return law_.is_pathwise(); }
  bool is_atomic() const { return law_.is_atomic(); }
  bool is_circular() const { return law_.is_circular(); }
  Support support() const { return law_.support(); }
  Shape own_shape() const { return axes() + law_.own_shape(); }
  template <class F>
  Independent each(F&& f) const {
    return mapped(f);
  }
  std::optional<PerElement> per_element(Where where = here()) const;

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  std::optional<Var> mean(Where where = here()) const { return law_.mean(where); }
  std::optional<Var> variance(Where where = here()) const { return law_.variance(where); }
  std::optional<Var> entropy(Where where = here()) const;

 private:
  struct Unchecked {};
  Independent(Distribution law, int rank, Unchecked) : law_(std::move(law)), rank_(rank) {}
  Independent mapped(const ParameterMap& f) const;
  /// The axes along which elements are independent.
  Shape axes() const;

  Distribution law_;
  int rank_;
};

}  // namespace tapir::vi
