// ZeroSumNormal: Gaussian effects that sum to 0.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/zero_sum_normal.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/bijectors/zero_sum.hpp>
#include <tapir/vi/distributions/normal.hpp>
#include <tapir/vi/distributions/vectors.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double half_log_2pi = 0.91893853320467274178;

const KlRow<ZeroSumNormal, ZeroSumNormal> zero_sum_zero_sum;

void require_axes(const Shape& shape, Where where) {
  bool is_right = shape.rank() > 0;
  for (Index size : shape) is_right = is_right && size >= 2;
  if (!is_right)
    throw Error(ZeroSumNormal::name, "shape is " + shape.str() + "; it needs axes, of at least 2 each",
                where);
}

// Of the free numbers.
Shape free_shape(const Shape& shape) { return ZeroSum{.axes = shape.rank()}.inverse_shape(shape, here()); }
double free_count(const Shape& shape) { return static_cast<double>(free_shape(shape).size()); }

Axes last_axes(int count) {
  std::vector<int> axes;
  for (int axis = -count; axis < 0; ++axis) axes.push_back(axis);
  return Axes(axes);
}

}  // namespace

Var ZeroSumNormal::sample(const Key& key, const Shape& outer, Where where) const {
  require_axes(shape, where);
  return composed(where, name, {key.counter(), scale}, [&] {
    const Var free = normal(key_for(*this, key), outer + free_shape(shape));
    return with_last_axes(scale, shape.rank(), where) * ZeroSum{.axes = shape.rank()}.forward({free, where});
  });
}

Var ZeroSumNormal::log_prob(Arg x) const {
  require_axes(shape, x.where);
  require_own(name, x, shape);
  return composed(x.where, name, {x.var, scale}, [&] {
    const int rank = shape.rank();
    const Var outside = logical_or(support().excludes(x), max(abs(x), last_axes(rank)) == infinity);
    const Var inside = where(with_last_axes(outside, rank, x.where), 0, x);
    const Var distance = sum(square(inside / with_last_axes(scale, rank, x.where)), last_axes(rank));
    return where(outside, -infinity, -0.5 * distance - free_count(shape) * (log(scale) + half_log_2pi));
  });
}

Var ZeroSumNormal::mean(Where where) const {
  require_axes(shape, where);
  return composed(where, name, {scale}, [&] {
    const Var zero = scale.dtype() ? full({*scale.dtype(), {}}, 0) : Var(0.0);
    return broadcast_to(zero, scale.shape() + shape);
  });
}

Var ZeroSumNormal::variance(Where where) const {
  require_axes(shape, where);
  return composed(where, name, {scale}, [&] {
    const double share = free_count(shape) / static_cast<double>(shape.size());
    return stretched(share * square(with_last_axes(scale, shape.rank(), where)), scale.shape() + shape,
                     where);
  });
}

Var ZeroSumNormal::entropy(Where where) const {
  require_axes(shape, where);
  return composed(where, name, {scale}, [&] { return free_count(shape) * Normal{0, scale}.entropy(where); });
}

Var kl(const ZeroSumNormal& p, const ZeroSumNormal& q, Where where) {
  if (p.shape != q.shape) throw Error("kl", "arrays of " + p.shape.str() + " and " + q.shape.str(), where);
  require_axes(p.shape, where);
  return composed(where, "kl", {p.scale, q.scale}, [&] {
    return free_count(p.shape) * kl(Normal{0, p.scale}, Normal{0, q.scale}, where);
  });
}

}  // namespace tapir::vi
