// Censored: a law seen through an instrument that stops at two bounds.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/censored.hpp>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/support_hull.hpp>
#include <tapir/vi/support_points.hpp>

namespace tapir::vi {
Censored::Censored(Distribution base, Var low, Var high, Where where)
    : of_{std::move(base), std::move(low), std::move(high)} {
  of_.require_tails(name, where);
  (void)vi::batch_shape(*this, where);
}

Support Censored::support() const {
  if (!of_.is_of_counts()) return of_.between().with_inner_ends(of_.base.support().all_ends());
  return intersection(of_.base.support(), of_.between()).value_or(of_.between());
}

Var Censored::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), recorded_one(parameters(*this))}, [&] {
    return clamp(of_.base.sample(key_for(*this, key), shape, where), of_.low, of_.high);
  });
}

Var Censored::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, recorded_one(parameters(*this))}, [&] {
    const Var outside = logical_or(of_.low > x, x > of_.high);
    const Var inside = where(outside, clamp(x, of_.low, of_.high), x);
    Var density = of_.base.log_prob(Arg(inside, x.where));
    if (!is_infinite(of_.low))
      density = where(x == of_.low, of_.base.log_cdf(Arg(of_.low, x.where)).value(), density);
    if (!is_infinite(of_.high))
      density = where(x == of_.high, of_.base.log_sf(Arg(of_.before(of_.high), x.where)).value(), density);
    const auto is_none = [](const Var& end) { return is_infinite(end) ? Var(0.0) : isnan(end); };
    return where(logical_or(is_none(of_.low), is_none(of_.high)), std::numeric_limits<double>::quiet_NaN(),
                 unless(outside, density));
  });
}

Var Censored::cdf(Arg x) const {
  return composed(x.where, name, {x.var, recorded_one(parameters(*this))}, [&] {
    const Var below = of_.base.cdf(Arg(clamp(x, of_.low, of_.high), x.where)).value();
    return where(x < of_.low, 0, where(x >= of_.high, 1, below));
  });
}

std::optional<Var> Censored::enumerate(Where where) const { return of_.enumerate(support(), name, where); }

}  // namespace tapir::vi
