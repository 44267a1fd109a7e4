// Flat: no law at all, the improper prior that says nothing of a value.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/flat.hpp>

#include <limits>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

// Nothing but where p leaves the set.
std::optional<Var> cross_entropy(const Distribution& p, const Flat& q, Where where) {
  const auto ends = q.support().ends();
  if (!ends || q.own_shape().rank() > 0) return std::nullopt;
  return composed(where, "kl", {recorded_one(p.parameters()), ends->low, ends->high}, [&] {
    return tapir::where(leaves(p, ends->low, ends->high), std::numeric_limits<double>::infinity(), 0);
  });
}

const CrossRow<Flat, cross_entropy> any_flat;

}  // namespace

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
