// Transformed: a law through a bijector.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/transformed.hpp>

#include <limits>

#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/vi/kl.hpp>
#include <tapir/vi/support_points.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

const KlRow<Transformed, Transformed> transformed_transformed;

std::string axes(int count) { return std::to_string(count) + (count == 1 ? " axis" : " axes"); }

// Whether a set is known not to lie in a bijector's domain.
bool is_beyond(const Support& set, const Support& domain) {
  if (domain.rank() > 0) return set.kind() != domain.kind();
  const auto inner = set.ends();
  const auto outer = domain.ends();
  if (!inner || !outer) return false;
  const auto exceeds = [](const Var& a, const Var& b) {
    return a.is_number() && b.is_number() && a.number() > b.number();
  };
  return exceeds(outer->low, inner->low) || exceeds(inner->high, outer->high);
}

// Whether elements of a value determine others, so that a map of each by itself has no determinant there.
bool is_bound(const Support& set) {
  return set.rank() > 0 && set != Support::Kind::ordered && set != Support::Kind::positive_ordered;
}

// Draws that round to an end which is not in the set become numbers just inside: their density is not 0.
Var kept_inside(const Support& set, const Var& y) {
  const double tiny = y.dtype() == f32 ? 0x1p-126 : 0x1p-1022;
  const double rounding = y.dtype() == f32 ? 0x1p-23 : 0x1p-52;
  if (set == Support::Kind::simplex) return maximum(y, tiny);
  const auto ends = set.ends();
  if (!ends) return y;
  const auto margin = [&](const Var& end) { return rounding * abs(end) + tiny; };
  Var inside = y;
  if (ends->without_low && !is_infinite(ends->low)) inside = maximum(inside, ends->low + margin(ends->low));
  if (ends->without_high && !is_infinite(ends->high))
    inside = minimum(inside, ends->high - margin(ends->high));
  return inside;
}

}  // namespace

Transformed::Transformed(Distribution base, Bijector bijector, Where where)
    : base_(std::move(base)), bijector_(std::move(bijector)) {
  const auto reject = [&](const std::string& what) { throw Error(name, what, where); };
  const std::string law(base_.name());
  const std::string map(bijector_.name());
  if (!bijector_.is_bijective()) reject(map + " is no bijection; its result has no density");
  if (base_.support().is_discrete())
    reject("values of " + law + " are discrete; a change of variables has no density there");
  if (extra_axes() < 0)
    reject("a point of " + map + " has " + axes(bijector_.ranks().domain) + ", a value of " + law + " has " +
           std::to_string(base_.own_rank()) + "; give it own axes with iid");
  if (is_beyond(base_.support(), bijector_.domain()))
    reject("values of " + law + " are " + base_.support().str() + ", " + map + " takes " +
           bijector_.domain().str());
  if (is_bound(base_.support()) && bijector_.domain().kind() != base_.support().kind() &&
      bijector_.image(base_.support(), where).kind() != base_.support().kind())
    reject("values of " + law + " are " + base_.support().str() + ", whose elements depend on one another; " +
           map + " has no density there");
  (void)bijector_.forward_shape(base_.own_shape(), where);
}

Transformed Transformed::mapped(const ParameterMap& f) const {
  return {base_.each(within("base", f)), bijector_.each(within("bijector", f, extra_axes())), Unchecked{}};
}

std::optional<PerElement> Transformed::per_element(Where where) const {
  if (bijector_.ranks() != Ranks{}) return std::nullopt;
  PerElement inner = base_.per_element(where);
  if (inner.axes.empty()) return std::nullopt;
  return PerElement{Transformed(std::move(inner.law), bijector_, Unchecked{}), inner.axes};
}

Var Transformed::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), recorded_one(parameters(*this))}, [&] {
    const Var x = base_.sample(key_for(*this, key), shape, where);
    return kept_inside(support(), bijector_.forward(Arg(x, where)));
  });
}

// What is outside is replaced by an example of what is inside, so that it leaves no NaN in a gradient.
Var Transformed::inside(const Var& y, const Var& outside, Where where) const {
  const Var example = base_.support().example(base_.own_shape(), where);
  Shape full;
  (void)broadcast_shapes(example.shape(), base_.own_shape(), full);
  const Var x = stretched(example, full, where);
  return tapir::where(with_last_axes(outside, own_shape().rank(), where), bijector_.forward(Arg(x, where)),
                      y);
}

Var Transformed::log_prob(Arg y) const {
  return composed(y.where, name, {y.var, recorded_one(parameters(*this))}, [&] {
    const Support set = support();
    const int own = own_shape().rank();
    const Var beyond = sum_last(set.excludes(y), own - set.rank(), y.where);
    const Var unmapped = sum_last(bijector_.excludes(y), own - bijector_.ranks().codomain, y.where);
    const Var outside = logical_or(beyond, unmapped);
    const auto [x, log_det] = bijector_.inverse_and_log_det(Arg(inside(y, outside, y.where), y.where));
    const Var density = base_.log_prob(Arg(x, y.where)) + sum_last(log_det, extra_axes(), y.where);
    return where(outside, -infinity, density);
  });
}

std::optional<Var> Transformed::cdf(Arg y) const {
  return composed(y.where, name, {y.var, recorded_one(parameters(*this))}, [&]() -> std::optional<Var> {
    const auto direction = bijector_.direction(y.where);
    const auto ends = support().ends();
    if (!direction || !ends || own_shape().rank() > 0) return std::nullopt;
    const Var below = y <= ends->low;
    const Var above = y >= ends->high;
    const Var x = bijector_.inverse(Arg(inside(y, logical_or(below, above), y.where), y.where));
    const auto p = base_.cdf(Arg(x, y.where));
    if (!p) return std::nullopt;
    return where(below, 0, where(above, 1, where(*direction > 0, *p, 1 - *p)));
  });
}

std::optional<Var> Transformed::icdf(Arg p) const {
  return composed(p.where, name, {p.var, recorded_one(parameters(*this))}, [&]() -> std::optional<Var> {
    const auto direction = bijector_.direction(p.where);
    if (!direction || own_shape().rank() > 0) return std::nullopt;
    const auto x = base_.icdf(where(*direction > 0, p, 1 - p));
    if (!x) return std::nullopt;
    return bijector_.forward(*x);
  });
}

std::optional<Var> kl(const Transformed& p, const Transformed& q, Where where) {
  if (!same(p.bijector(), q.bijector()) || p.base().own_shape() != q.base().own_shape()) return std::nullopt;
  return kl(p.base(), q.base(), where);
}

}  // namespace tapir::vi
