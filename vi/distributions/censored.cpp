// Censored: a law seen through an instrument that stops at two bounds.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/censored.hpp>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/support_hull.hpp>
#include <tapir/vi/support_points.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

Censored::Censored(Distribution base, Var low, Var high, Where where)
    : Censored(std::move(base), std::move(low), std::move(high), Unchecked{}) {
  if (!base_.has_tails())
    throw Error(name, std::string(base_.name()) + " has no tails; needs log_cdf, log_sf and isf", where);
  vi::batch_shape(*this, where);
}

Censored Censored::mapped(const ParameterMap& f) const {
  const auto bound = [&](const char* of, const Support& support, const Var& value) {
    return is_infinite(value) ? value : f({of, support, 0}, value);
  };
  Distribution base = base_.each(within("base", f));  // listed first
  const Var low = bound("low", Support::real, low_);
  const Support above = is_infinite(low_) ? Support::real : Support::open_interval(low_, infinity);
  return {std::move(base), low, bound("high", above, high_), Unchecked{}};
}

Support Censored::support() const {
  return Support::between({low_, high_, is_infinite(low_), is_infinite(high_)});
}

Var Censored::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), recorded_one(parameters(*this))},
                  [&] { return clamp(base_.sample(key_for(*this, key), shape, where), low_, high_); });
}

Var Censored::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, recorded_one(parameters(*this))}, [&] {
    const Var outside = logical_or(x<low_, x> high_);
    const Var inside = where(outside, clamp(x, low_, high_), x);
    Var density = base_.log_prob(Arg(inside, x.where));
    if (!is_infinite(low_)) density = where(x == low_, base_.log_cdf(Arg(low_, x.where)).value(), density);
    if (!is_infinite(high_)) density = where(x == high_, base_.log_sf(Arg(high_, x.where)).value(), density);
    return unless(outside, density);
  });
}

Var Censored::cdf(Arg x) const {
  return composed(x.where, name, {x.var, recorded_one(parameters(*this))}, [&] {
    const Var below = base_.cdf(Arg(clamp(x, low_, high_), x.where)).value();
    return where(x < low_, 0, where(x >= high_, 1, below));
  });
}

}  // namespace tapir::vi
