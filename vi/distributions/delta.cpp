// Delta: all mass at one point.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/delta.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

const PointRow<Delta> delta;

}  // namespace

Var Delta::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), value},
                  [&] { return stretched(cast(value, key_for(*this, key).dtype()), shape, where); });
}

Var Delta::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, value}, [&] {
    const Var difference = where(x == value, 0, x - value);  // infinities too
    return where(isnan(difference), difference, unless(difference, 0));
  });
}

Var Delta::variance(Where where) const {
  return composed(where, name, {value}, [&] { return 0 * value; });
}

Var Delta::cdf(Arg x) const {
  return composed(x.where, name, {x.var, value}, [&] { return x >= value; });
}

}  // namespace tapir::vi
