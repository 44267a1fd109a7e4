// Truncated: a law, given that its value lies between two bounds.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/truncated.hpp>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/random.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/support_hull.hpp>
#include <tapir/vi/support_points.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// What lies between, unless a bound is infinite: then it is not there.
Support between(const Var& low, const Var& high) {
  return Support::between({low, high, is_infinite(low), is_infinite(high)});
}

}  // namespace

// The probability between the bounds, in the tail in which it is the larger part.
struct Truncated::Between {
  Between(const Truncated& law, Where at) {
    const auto log_cdf = [&](const Var& x) { return law.base_.log_cdf(Arg(x, at)).value(); };
    const auto log_sf = [&](const Var& x) { return law.base_.log_sf(Arg(x, at)).value(); };
    const bool without_low = is_infinite(law.low_), without_high = is_infinite(law.high_);
    below_low = without_low ? Var(-infinity) : log_cdf(law.low_);
    above_low = without_low ? Var(0.0) : log_sf(law.low_);
    below_high = without_high ? Var(0.0) : log_cdf(law.high_);
    above_high = without_high ? Var(-infinity) : log_sf(law.high_);
    is_upper = above_low < below_high;
    const Var whole = where(is_upper, above_low, below_high);
    const Var rest = where(is_upper, above_high, below_low);
    none = logical_or(whole == -infinity, whole <= rest);
    const Var nothing_left_out = rest == -infinity;
    const Var depth = where(logical_or(none, nothing_left_out), 1, whole - rest);
    log_mass = where(none, std::numeric_limits<double>::quiet_NaN(),
                     where(nothing_left_out, whole, whole + log1mexp(depth)));
  }

  Var below_low, above_low, below_high, above_high;
  Var is_upper, none, log_mass;
};

Truncated::Truncated(Distribution base, Var low, Var high, Where where)
    : Truncated(std::move(base), std::move(low), std::move(high), Unchecked{}) {
  if (!base_.has_tails())
    throw Error(name, std::string(base_.name()) + " has no tails; needs log_cdf, log_sf and isf", where);
  vi::batch_shape(*this, where);
}

Truncated Truncated::mapped(const ParameterMap& f) const {
  const auto bound = [&](const char* of, const Support& support, const Var& value) {
    return is_infinite(value) ? value : f({of, support, 0}, value);
  };
  Distribution base = base_.each(within("base", f));  // listed first
  const Var low = bound("low", Support::real, low_);
  const Support above = is_infinite(low_) ? Support::real : Support::open_interval(low_, infinity);
  return {std::move(base), low, bound("high", above, high_), Unchecked{}};
}

Support Truncated::support() const {
  const auto both = intersection(base_.support(), between(low_, high_));
  return both ? *both : between(low_, high_);
}

Var Truncated::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), recorded_one(parameters(*this))},
                  [&] { return icdf(Arg(tapir::uniform(key_for(*this, key), shape), where)); });
}

Var Truncated::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, recorded_one(parameters(*this))}, [&] {
    const Between between(*this, x.where);
    if (!between.none.is_recorded() && max(between.none).item() > 0)
      throw Error(name,
                  std::string(base_.name()) + " has no probability between the bounds " +
                      (low_.is_recorded() || low_.rank() > 0 ? "low" : text(low_.tensor().at(0), f64)) +
                      " and " +
                      (high_.is_recorded() || high_.rank() > 0 ? "high" : text(high_.tensor().at(0), f64)),
                  x.where);
    const Var outside = logical_or(x<low_, x> high_);
    const Var inside = where(outside, clamp(x, low_, high_), x);  // at a bound, x itself
    return unless(outside, base_.log_prob(Arg(inside, x.where)) - between.log_mass);
  });
}

Var Truncated::cdf(Arg x) const {
  return composed(x.where, name, {x.var, recorded_one(parameters(*this))}, [&] {
    const Between between(*this, x.where);
    const Arg inside(clamp(x, low_, high_), x.where);
    const auto share = [&](const Var& log_p) { return exp(log_p - between.log_mass); };
    const Var above = share(base_.log_sf(inside).value()) - share(between.above_high);
    const Var below = share(base_.log_cdf(inside).value()) - share(between.below_low);
    return clamp(where(between.is_upper, 1 - above, below), 0, 1);
  });
}

// Each side in the tail that it was measured in; the other one sees a harmless level.
Var Truncated::icdf(Arg p) const {
  return composed(p.where, name, {p.var, recorded_one(parameters(*this))}, [&] {
    const Between between(*this, p.where);
    const Var mass = exp(between.log_mass);
    const Var above = exp(between.above_high) + (1 - p) * mass, below = exp(between.below_low) + p * mass;
    const double least = p.var.dtype() == f32 ? 0x1p-126 : 0x1p-1022;
    const Var known = logical_and(mass >= least, logical_not(between.none));
    const Var upper =
        base_.isf(Arg(where(logical_and(between.is_upper, known), above, 0.5), p.where)).value();
    const Var lower =
        base_.icdf(Arg(where(logical_or(between.is_upper, logical_not(known)), 0.5, below), p.where)).value();
    const Var x = clamp(where(between.is_upper, upper, lower), low_, high_);
    return where(known, x, std::numeric_limits<double>::quiet_NaN());
  });
}

}  // namespace tapir::vi
