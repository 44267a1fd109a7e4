// DiscreteUniform: whole numbers of equal probability.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/discrete_uniform.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Var count(const DiscreteUniform& law) { return law.high - law.low + 1; }

bool is_listed(const DiscreteUniform& law) { return !law.low.is_recorded() && are_few(law.high - law.low); }

const FiniteRow<DiscreteUniform, is_listed> discrete_uniform_values;

const KlRow<DiscreteUniform, DiscreteUniform> discrete_uniform_discrete_uniform;

}  // namespace

// Rounding may reach the number after the last.
Var DiscreteUniform::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), low, high}, [&] {
    const Var steps = floor(tapir::uniform(key_for(*this, key), shape) * count(*this));
    return minimum(low + steps, high);
  });
}

Var DiscreteUniform::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, low, high}, [&] {
    const Var outside = support().excludes(x);
    return unless(outside, 0 * where(outside, 0, x) - log(count(*this)));  // NaN stays NaN
  });
}

Var DiscreteUniform::mean(Where where) const {
  return composed(where, name, {low, high}, [&] { return 0.5 * low + 0.5 * high; });
}

Var DiscreteUniform::variance(Where where) const {
  return composed(where, name, {low, high}, [&] { return (high - low) * (high - low + 2) / 12; });
}

Var DiscreteUniform::entropy(Where where) const {
  return composed(where, name, {low, high}, [&] { return log(count(*this)); });
}

Var DiscreteUniform::cdf(Arg x) const {
  return composed(x.where, name, {x.var, low, high},
                  [&] { return clamp((floor(x) - low + 1) / count(*this), 0, 1); });
}

// The quotient may be rounded up to a whole number, past the value whose probability p is.
Var DiscreteUniform::icdf(Arg p) const {
  return composed(p.where, name, {p.var, low, high}, [&] {
    const Var steps = ceil(p * count(*this)) - 1;
    const Var before = where(steps / count(*this) >= p, steps - 1, steps);
    return clamp(low + before, low, high);
  });
}

Var DiscreteUniform::enumerate(Where where) const {
  for (const auto& [what, value] : {std::pair{"low", low}, std::pair{"high", high}})
    if (value.is_recorded())
      throw Error(name,
                  std::string(what) + " is recorded; its values can be listed only if low and high are plain",
                  where);
  if (low.rank() > 0 || high.rank() > 0)
    throw Error(name,
                "low " + low.type().str() + ", high " + high.type().str() +
                    ": not all elements have the same values to list",
                where);
  const auto dtype = vi::dtype(parameters(*this));
  const Index size = static_cast<Index>(high.item() - low.item()) + 1;
  const Var steps = iota(size, dtype.value_or(f64));
  return low + (dtype ? steps : Var::open(steps.tensor()));
}

Var kl(const DiscreteUniform& p, const DiscreteUniform& q, Where where) {
  return composed(where, "kl", {p.low, p.high, q.low, q.high}, [&] {
    const Var excluded = logical_or(p.low<q.low, p.high> q.high);
    return tapir::where(excluded, infinity, log(count(q) / count(p)));
  });
}

}  // namespace tapir::vi
