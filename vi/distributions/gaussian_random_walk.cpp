// GaussianRandomWalk: paths of independent Gaussian steps.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/gaussian_random_walk.hpp>

#include <limits>
#include <utility>
#include <vector>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/normal.hpp>
#include <tapir/vi/distributions/vectors.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

const KlRow<GaussianRandomWalk, GaussianRandomWalk> walk_walk;

void require_steps(Index steps, Where where) {
  if (steps < 1)
    throw Error(GaussianRandomWalk::name,
                "num_steps is " + std::to_string(steps) + "; it has to be at least 1", where);
}

// x_t - x_{t-1}
Var steps_of(const Var& x) {
  std::vector<std::pair<Index, Index>> widths(static_cast<std::size_t>(x.rank()));
  widths.back() = {1, 0};
  return x - slice(pad(x, widths), -1, 0, x.shape().back());
}

}  // namespace

Var GaussianRandomWalk::sample(const Key& key, const Shape& shape, Where where) const {
  require_steps(num_steps, where);
  return composed(where, name, {key.counter(), scale}, [&] {
    return expand_dims(scale, -1) * cumsum(normal(key_for(*this, key), shape + Shape{num_steps}));
  });
}

Var GaussianRandomWalk::log_prob(Arg x) const {
  require_steps(num_steps, x.where);
  require_own(name, x, {num_steps});
  return composed(x.where, name, {x.var, scale}, [&] {
    const Var outside = max(abs(x), -1) == infinity;
    const Var inside = where(expand_dims(outside, -1), 0, x);
    const Var density = Normal{0, expand_dims(scale, -1)}.log_prob({steps_of(inside), x.where});
    return where(outside, -infinity, sum(density, -1));
  });
}

Var GaussianRandomWalk::mean(Where where) const {
  require_steps(num_steps, where);
  return composed(where, name, {scale}, [&] {
    const Var zero = scale.dtype() ? full({*scale.dtype(), {}}, 0) : Var(0.0);
    return broadcast_to(zero, scale.shape() + Shape{num_steps});
  });
}

Var GaussianRandomWalk::variance(Where where) const {
  require_steps(num_steps, where);
  return composed(where, name, {scale}, [&] {
    const Var count = Var::open(iota(num_steps, f64).tensor()) + 1;
    return square(expand_dims(scale, -1)) * count;
  });
}

Var GaussianRandomWalk::entropy(Where where) const {
  require_steps(num_steps, where);
  return composed(where, name, {scale}, [&] {
    return static_cast<double>(num_steps) * Normal{0, scale}.entropy(where);
  });
}

Var kl(const GaussianRandomWalk& p, const GaussianRandomWalk& q, Where where) {
  if (p.num_steps != q.num_steps)
    throw Error("kl",
                "walks of " + std::to_string(p.num_steps) + " and " + std::to_string(q.num_steps) + " steps",
                where);
  return composed(where, "kl", {p.scale, q.scale}, [&] {
    return static_cast<double>(p.num_steps) * kl(Normal{0, p.scale}, Normal{0, q.scale}, where);
  });
}

}  // namespace tapir::vi
