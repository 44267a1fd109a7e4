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

bool Transformed::has_cdf() const {
  return own_shape().empty() && bijector_.direction() && support().ends() && base_.has_cdf();
}

bool Transformed::has_tails() const { return has_cdf() && base_.has_tails(); }

// `inside` of the base's value, and what stands for values before and behind all of them.
template <class F>
Var Transformed::form(const Arg& y, double before, double behind, const F& inner) const {
  return composed(y.where, name, {y.var, recorded_one(parameters(*this))}, [&] {
    const Support::Bounds ends = support().ends().value();
    const Var below = y <= ends.low, above = y >= ends.high;
    const Var x = bijector_.inverse(Arg(inside(y, logical_or(below, above), y.where), y.where));
    return where(below, before, where(above, behind, inner(Arg(x, y.where))));
  });
}

// One of two forms of the base: where the map ascends, and where it descends.
template <class F, class G>
Var Transformed::by_direction(Where where, const F& ascending, const G& descending) const {
  const Var direction = bijector_.direction(where).value();
  if (direction.is_number()) return direction.number() > 0 ? ascending() : descending();
  return tapir::where(direction > 0, ascending(), descending());
}

std::optional<Var> Transformed::cdf(Arg y) const {
  if (!has_cdf()) return std::nullopt;
  return form(y, 0, 1, [&](const Arg& x) {
    const Var below = base_.cdf(x).value();
    return by_direction(
        y.where, [&] { return below; }, [&] { return 1 - below; });
  });
}

std::optional<Var> Transformed::log_cdf(Arg y) const {
  if (!has_tails()) return std::nullopt;
  return form(y, -infinity, 0, [&](const Arg& x) {
    return by_direction(
        y.where, [&] { return base_.log_cdf(x).value(); }, [&] { return base_.log_sf(x).value(); });
  });
}

std::optional<Var> Transformed::log_sf(Arg y) const {
  if (!has_tails()) return std::nullopt;
  return form(y, 0, -infinity, [&](const Arg& x) {
    return by_direction(
        y.where, [&] { return base_.log_sf(x).value(); }, [&] { return base_.log_cdf(x).value(); });
  });
}

std::optional<Var> Transformed::icdf(Arg p) const {
  return composed(p.where, name, {p.var, recorded_one(parameters(*this))}, [&]() -> std::optional<Var> {
    if (!bijector_.direction(p.where) || own_shape().rank() > 0 || !base_.icdf(p)) return std::nullopt;
    const Var x = by_direction(
        p.where, [&] { return base_.icdf(p).value(); },
        [&] { return base_.has_tails() ? base_.isf(p).value() : base_.icdf(1 - p).value(); });
    return bijector_.forward(Arg(x, p.where));
  });
}

std::optional<Var> Transformed::isf(Arg q) const {
  if (!has_tails()) return std::nullopt;
  return composed(q.where, name, {q.var, recorded_one(parameters(*this))}, [&]() -> std::optional<Var> {
    const Var x = by_direction(
        q.where, [&] { return base_.isf(q).value(); }, [&] { return base_.icdf(q).value(); });
    return bijector_.forward(Arg(x, q.where));
  });
}

std::optional<Var> kl(const Transformed& p, const Transformed& q, Where where) {
  if (!same(p.bijector(), q.bijector()) || p.base().own_shape() != q.base().own_shape()) return std::nullopt;
  return kl(p.base(), q.base(), where);
}

}  // namespace tapir::vi
