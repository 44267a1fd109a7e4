// Flat: no law at all, the improper prior that says nothing of a value.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/flat.hpp>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/vi/distributions/forms.hpp>

namespace tapir::vi {

Flat::Flat(Support support, Shape own, Where where) : support_(std::move(support)), own_(own) {
  const auto axes = [](int n) { return std::to_string(n) + (n == 1 ? " axis" : " axes"); };
  if (own_.rank() < support_.rank())
    throw Error(name,
                "a point of " + support_.str() + " has " + axes(support_.rank()) + ", own axes " +
                    own_.str() + " have " + std::to_string(own_.rank()),
                where);
}

Var Flat::sample(const Key&, const Shape&, Where where) const {
  throw Error(name,
              "an improper law has no draws; observe the site, condition it, or let a guide give its value",
              where);
}

Var Flat::log_prob(Arg x) const {
  const int outer = x.rank() - own_.rank();
  if (outer < 0 || x.shape().drop_front(outer) != own_)
    throw Error(name, "x is " + x.type().str() + "; its last axes have to be " + own_.str(), x.where);
  return composed(x.where, name, {x.var}, [&] {
    const Var outside = sum_last(support_.excludes(x), own_.rank() - support_.rank(), x.where);
    const Var nothing = sum_last(where(isnan(x), x, 0), own_.rank(), x.where);
    return unless(outside > 0, nothing);
  });
}

}  // namespace tapir::vi
