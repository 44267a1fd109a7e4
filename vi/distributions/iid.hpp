// iid: independent, identical copies of a law as one value.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// Independent copies of a law along `shape`, as one value.   log p(x) = sum over those axes of log p(x_i)
///
///   shapes    own axes are `shape`, then the law's own; the law's parameters have none of them
///   gradient  as the law
///   errors    "[iid] x is f64[7,19]; its last axes have to be [20]"
template <Law L>
struct Iid {
  L law;
  Shape shape;

  static constexpr std::string_view name = L::name;

  bool is_pathwise() const { return vi::is_pathwise(law); }
  bool is_atomic() const { return vi::is_atomic(law); }
  bool is_circular() const { return vi::is_circular(law); }
  Support support() const { return per_element().support(); }
  Shape own_shape() const { return shape + vi::own_shape(law); }
  template <class F>
  Iid each(F&& f) const {
    return {law.each(std::forward<F>(f)), shape};
  }
  /// The law of one element, its parameters ready to broadcast against values with the axes `shape`.
  L per_element(Where where = here()) const { return with_inner_axes(law, shape.rank(), where); }

  Var sample(const Key& key, const Shape& outer, Where where = here()) const {
    return per_element(where).sample(key, outer + shape, where);
  }
  Var log_prob(Arg x) const {
    require_own(x);
    return summed(per_element(x.where).log_prob(x), x.where);
  }
  /// These are there where the law has them.
  auto mean(Where where = here()) const requires requires(const L& l) { l.mean(where); }
  { return of_all(per_element(where).mean(where), where); }
  auto variance(Where where = here()) const requires requires(const L& l) { l.variance(where); }
  { return of_all(per_element(where).variance(where), where); }
  auto entropy(Where where = here()) const requires requires(const L& l) { l.entropy(where); }
  { return times_size(law.entropy(where), where); }

 private:
  Var of_all(const Var& moment, Where where) const {
    return stretched(moment, batch_shape(law, where) + own_shape(), where);
  }
  std::optional<Var> of_all(const std::optional<Var>& moment, Where where) const {
    return moment ? std::optional(of_all(*moment, where)) : std::nullopt;
  }
  Var times_size(const Var& entropy, Where where) const { return Arg(shape.size(), where) * entropy; }
  std::optional<Var> times_size(const std::optional<Var>& entropy, Where where) const {
    return entropy ? std::optional(times_size(*entropy, where)) : std::nullopt;
  }
  void require_own(const Arg& x) const;
  Var summed(const Var& terms, Where where) const;
};

/// Own axes for a law: `iid(Normal{0, 1}, {20})` is one value of 20 independent elements.
template <Law L>
Iid<L> iid(L law, Shape shape) {
  return {std::move(law), shape};
}

// ---- templates ----

template <Law L>
void Iid<L>::require_own(const Arg& x) const {
  const Shape own = own_shape();
  const int outer = x.rank() - own.rank();
  if (outer < 0 || x.shape().drop_front(outer) != own)
    throw Error("iid", "x is " + x.type().str() + "; its last axes have to be " + own.str(), x.where);
}

template <Law L>
Var Iid<L>::summed(const Var& terms, Where where) const {
  return sum_last(terms, shape.rank(), where);
}

}  // namespace tapir::vi
