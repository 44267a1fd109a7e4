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

}  // namespace

// The probability between the bounds, in the tail in which it is the larger part.
struct Truncated::Between {
  Between(const Truncated& law, Where at) {
    const auto log_cdf = [&](const Var& x) { return law.of_.base.log_cdf(Arg(x, at)).value(); };
    const auto log_sf = [&](const Var& x) { return law.of_.base.log_sf(Arg(x, at)).value(); };
    const bool without_low = is_infinite(law.of_.low), without_high = is_infinite(law.of_.high);
    before_low = law.of_.before(law.of_.low);
    below_low = without_low ? Var(-infinity) : log_cdf(before_low);
    above_low = without_low ? Var(0.0) : log_sf(before_low);
    below_high = without_high ? Var(0.0) : log_cdf(law.of_.high);
    above_high = without_high ? Var(-infinity) : log_sf(law.of_.high);
    is_upper = above_low < below_high;
    const Var whole = where(is_upper, above_low, below_high);
    const Var rest = where(is_upper, above_high, below_low);
    none = logical_or(whole == -infinity, whole <= rest);
    const Var nothing_left_out = rest == -infinity;
    const Var depth = where(logical_or(none, nothing_left_out), 1, whole - rest);
    log_mass = where(none, std::numeric_limits<double>::quiet_NaN(),
                     where(nothing_left_out, whole, whole + log1mexp(depth)));
  }

  Var before_low, below_low, above_low, below_high, above_high;
  Var is_upper, none, log_mass;
};

Truncated::Truncated(Distribution base, Var low, Var high, Where where)
    : of_{std::move(base), std::move(low), std::move(high)} {
  of_.require_tails(name, where);
  (void)vi::batch_shape(*this, where);
}

Support Truncated::support() const {
  const auto both = intersection(of_.base.support(), of_.between());
  return both ? *both : of_.between();
}

Var Truncated::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), recorded_one(parameters(*this))},
                  [&] { return icdf(Arg(tapir::uniform(key_for(*this, key), shape), where)); });
}

Var Truncated::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, recorded_one(parameters(*this))}, [&] {
    const Between between(*this, x.where);
    if (!between.none.is_recorded() && max(between.none).item() > 0)
      throw Error(
          name,
          std::string(of_.base.name()) + " has no probability between the bounds " +
              (of_.low.is_recorded() || of_.low.rank() > 0 ? "low" : text(of_.low.tensor().at(0), f64)) +
              " and " +
              (of_.high.is_recorded() || of_.high.rank() > 0 ? "high" : text(of_.high.tensor().at(0), f64)),
          x.where);
    const Var outside = logical_or(of_.low > x, x > of_.high);
    const Var inside = where(outside, clamp(x, of_.low, of_.high), x);  // at a bound, x itself
    return unless(outside, of_.base.log_prob(Arg(inside, x.where)) - between.log_mass);
  });
}

Var Truncated::cdf(Arg x) const {
  return composed(x.where, name, {x.var, recorded_one(parameters(*this))}, [&] {
    const Between between(*this, x.where);
    const Arg inside(clamp(x, between.before_low, of_.high), x.where);
    const auto share = [&](const Var& log_p) { return exp(log_p - between.log_mass); };
    const Var above = share(of_.base.log_sf(inside).value()) - share(between.above_high);
    const Var below = share(of_.base.log_cdf(inside).value()) - share(between.below_low);
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
        of_.base.isf(Arg(where(logical_and(between.is_upper, known), above, 0.5), p.where)).value();
    const Var lower =
        of_.base.icdf(Arg(where(logical_or(between.is_upper, logical_not(known)), 0.5, below), p.where))
            .value();
    const Var x = clamp(where(between.is_upper, upper, lower), of_.low, of_.high);
    return where(known, x, std::numeric_limits<double>::quiet_NaN());
  });
}

std::optional<Var> Truncated::enumerate(Where where) const { return of_.enumerate(support(), name, where); }

}  // namespace tapir::vi
