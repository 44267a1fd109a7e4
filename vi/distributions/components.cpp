// Components: the laws of which a mixture, or a chain of states, has one per state.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/components.hpp>

#include <algorithm>
#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/vi/support_hull.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Index size_at(const Var& v, int axis_from_end) { return v.shape()[v.rank() - axis_from_end]; }

// Whether an end may be another one along that axis.
bool varies(const Var& end, int axis_from_end) {
  if (end.rank() < axis_from_end || size_at(end, axis_from_end) == 1) return false;
  const int axis = -axis_from_end;
  return end.is_recorded() || max(max(end, {axis}) > min(end, {axis})).item() > 0;
}

// Over the last axis, where the bound has one.
template <class F>
Var over_components(const Var& end, const F& extreme) {
  return end.is_number() || end.rank() == 0 ? end : extreme(end);
}

Support over_components(const Support& set) {
  if (!set.bounds() || set == Support::Kind::category) return set;
  Support::Bounds ends = *set.bounds();
  std::vector<Var> inner = set.inner_ends();
  for (const Var& end : {ends.low, ends.high})
    if (varies(end, 1)) inner.push_back(end);
  ends.low = over_components(ends.low, [](const Var& low) { return min(low, {-1}); });
  ends.high = over_components(ends.high, [](const Var& high) { return max(high, {-1}); });
  if (set.is_discrete()) return Support::whole_interval(ends.low, ends.high);
  return Support::between(ends).with_inner_ends(inner);
}

// One law per component, along the last axis: at least a common end, or the highest low end below the lowest high one.
bool connects_components(const Support& set) {
  const auto ends = set.ends();
  if (!ends) return false;
  if (!varies(ends->low, 1) || !varies(ends->high, 1)) return true;
  return !ends->low.is_recorded() && !ends->high.is_recorded() &&
         min(max(ends->low, {-1}) <= min(ends->high, {-1})).item() > 0;
}

}  // namespace

Components::Components(Distribution law, Where where)
    : laws_{law.each([&](const ParameterInfo& info, const Var& value) {
        return with_batch_axes(value, info.own, 1, where);
      })},
      along_axis_(true) {}

void Components::check(std::string_view of, const char* counted, Index count, Where where) const {
  const auto reject = [&](const std::string& what) { throw Error(of, what, where); };
  const Distribution& first = laws_.front();
  if (along_axis_) {
    const Shape batch = first.batch_shape(where);
    if (batch.empty() || batch.back() != count)
      reject("components of " + std::string(first.name()) + " have batch shape " + batch.str() +
             "; its last axis has to be " + std::to_string(count));
    return;
  }
  if (static_cast<Index>(laws_.size()) != count)
    reject("there are " + std::to_string(laws_.size()) + " components and " + std::to_string(count) + " " +
           counted);
  std::optional<Support> all = first.support();
  for (const Distribution& law : laws_) {
    const std::string both = "values of " + std::string(first.name()) + " ";
    if (law.own_shape() != first.own_shape())
      reject(both + "have shape " + first.own_shape().str() + ", those of " + std::string(law.name()) + " " +
             law.own_shape().str());
    if (law.is_atomic() != first.is_atomic())
      reject("one of " + std::string(first.name()) + " and " + std::string(law.name()) +
             " has a density, the other one probabilities; a mixture of them has neither");
    all = hull(*all, law.support());
    if (!all)
      reject(both + "are " + first.support().str() + ", those of " + std::string(law.name()) + " " +
             law.support().str());
  }
}

Support Components::support() const {
  if (along_axis_) return over_components(laws_.front().support());
  Support all = laws_.front().support();
  for (const Distribution& law : laws_) all = hull(all, law.support()).value();
  return all;
}

bool Components::are_recorded() const {
  return std::any_of(laws_.begin(), laws_.end(),
                     [](const Distribution& law) { return recorded_one(law.parameters()).is_recorded(); });
}

bool Components::have_cdf() const {
  return std::all_of(laws_.begin(), laws_.end(), [](const Distribution& law) { return law.has_cdf(); });
}

bool Components::have_paths() const {
  return std::all_of(laws_.begin(), laws_.end(), [](const Distribution& law) {
    return law.has_cdf() && law.is_pathwise() && !law.is_circular() && !law.is_atomic();
  });
}

bool Components::are_connected() const {
  if (along_axis_) return connects_components(laws_.front().support());
  for (std::size_t i = 0; i < laws_.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (!vi::are_connected(laws_[i].support(), laws_[j].support())) return false;
  return true;
}

bool Components::have_one_support() const {
  const Support first = laws_.front().support();
  if (along_axis_) {
    const auto ends = first.ends();
    return ends && first.inner_ends().empty() && !varies(ends->low, 2) && !varies(ends->high, 2);
  }
  return std::all_of(laws_.begin(), laws_.end(), [&](const Distribution& law) {
    return law.support().inner_ends().empty() && have_same_ends(law.support(), first);
  });
}

Components Components::each(const std::string& part, const ParameterMap& f) const {
  Components result = *this;
  for (std::size_t i = 0; i < laws_.size(); ++i) {
    const std::string of = part + (along_axis_ ? "." : "[" + std::to_string(i) + "].");
    result.laws_[i] = laws_[i].each([&](const ParameterInfo& info, const Var& value) {
      return f({of + info.name, info.support, info.own + (along_axis_ ? 1 : 0)}, value);
    });
  }
  return result;
}

Components Components::with_inner_axes(int count, Where where) const {
  return each("", [&](const ParameterInfo& info, const Var& value) {
    return vi::with_inner_axes(value, info.own, count, where);
  });
}

std::optional<Components> Components::of_elements(Where where) const {
  Components result = *this;
  for (Distribution& law : result.laws_) {
    PerElement element = law.per_element(where);
    if (element.axes.rank() != 1 || element.law.own_rank() != 0) return std::nullopt;
    law = std::move(element.law);
  }
  return result;
}

Components Components::at(Index i, Where where) const {
  Components result = *this;
  for (Distribution& law : result.laws_)
    law = law.each([&](const ParameterInfo&, const Var& value) {
      if (value.rank() == 0) return value;
      const Index from = value.shape().back() == 1 ? 0 : i;
      return squeeze(slice(Arg(value, where), -1, from, from + 1), -1);
    });
  return result;
}

Var Components::stacked(std::vector<Var> parts, int own, Where where) const {
  Shape joint;
  for (const Var& part : parts) {
    const Shape before = joint;
    if (!broadcast_shapes(before, part.shape(), joint))
      throw Error("components", "do not broadcast: " + before.str() + " and " + part.type().str(), where);
  }
  for (Var& part : parts) part = stretched(part, joint, where);
  return stack(std::move(parts), joint.rank() - own, where);
}

// An infinite value has no density, and none of the slopes there, which a weight of 0 would not take away.
Var Components::log_prob(const Var& x, Where where) const {
  const auto density = [&](const Distribution& law, const Var& at) { return law.log_prob(Arg(at, where)); };
  if (support().is_discrete()) return forms(x, density, where);
  const Var infinite = abs(x) == infinity;
  const Var none = tapir::where(sum_last(infinite, own_rank(), where) > 0, -infinity, 0);
  return forms(tapir::where(infinite, 0, x), density, where) + expand_dims(none, -1);
}

Var Components::cdf(const Var& x, Where where) const {
  return forms(
      x, [&](const Distribution& law, const Var& at) { return law.cdf(Arg(at, where)).value(); }, where);
}

// Angles have no mean that weights could be given to.
bool Components::have_moments() const {
  return std::none_of(laws_.begin(), laws_.end(), [](const Distribution& law) { return law.is_circular(); });
}

std::optional<Var> Components::mean(Where where) const {
  if (!have_moments()) return std::nullopt;
  return moments([&](const Distribution& law) { return law.mean(where); }, where);
}

std::optional<Var> Components::variance(Where where) const {
  if (!have_moments()) return std::nullopt;
  return moments([&](const Distribution& law) { return law.variance(where); }, where);
}

std::optional<Var> Components::enumerate(Where where) const {
  const auto values = laws_.front().enumerate(where);
  if (!values || (laws_.front().support().bounds() && !(support() == Support::Kind::category)))
    return std::nullopt;
  for (const Distribution& law : laws_)
    if (!same_set(law.support(), laws_.front().support())) return std::nullopt;
  return values;
}

Var Components::draw(const Key& key, const Var& index, const Shape& shape, Where where) const {
  if (along_axis_)
    return laws_.front()
        .each([&](const ParameterInfo& info, const Var& value) {
          return taken(value, info.own, index, shape, where);
        })
        .sample(key, shape, where);
  const Var at = with_last_axes(index, own_rank(), where);
  Var x = laws_.front().sample(key / "0", shape, where);
  for (std::size_t i = 1; i < laws_.size(); ++i)
    x = tapir::where(cast(at == static_cast<Index>(i), x.type().dtype),
                     laws_[i].sample(key / std::to_string(i), shape, where), x);
  return x;
}

Var taken(const Var& v, int own, const Var& index, const Shape& shape, Where where) {
  if (size_at(v, own + 1) == 1) return squeeze(Arg(v, where), -1 - own);
  if (v.rank() == own + 1) return take(Arg(v, where), index, 0);
  const Shape of_value = v.shape().drop_front(v.rank() - own);
  const Shape of_index = of_value.empty() ? Shape{} : Shape{of_value.size()};
  const Shape count{size_at(v, own + 1)};
  const Var all = reshape(broadcast_to(Arg(v, where), shape + count + of_value), shape + count + of_index);
  const Var at = broadcast_to(Arg(with_last_axes(index, 1 + of_index.rank(), where), where),
                              shape + Shape{1} + of_index);
  return reshape(gather(all, at, -1 - of_index.rank()), shape + of_value);
}

Var weighted(const Var& weights, const Var& values, int own, Where where) {
  return sum(with_last_axes(weights, own, where) * values, {-1 - own});
}

Var weighted_variance(const Var& weights, const Var& means, const Var& variances, int own, Where where) {
  const Var middle = expand_dims(weighted(weights, means, own, where), -1 - own);
  return weighted(weights, variances + square(means - middle), own, where);
}

}  // namespace tapir::vi
