// Weights of terms, and what stands in place of data that do not count.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/message.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir::vi {
namespace {

// `x` where the mask is not 0. Masks made of booleans are i64, whatever they choose from.
Var chosen(const Var& mask, const Var& x, const Var& otherwise) {
  const bool as_is = !mask.dtype() || !x.dtype() || mask.dtype() == x.dtype();
  return where(as_is ? mask : cast(mask != 0, *x.dtype()), x, otherwise);
}

Var some_value(const Support& support) {
  switch (support.kind()) {
    case Support::Kind::positive: return 1.0;
    case Support::Kind::unit_interval: return 0.5;
    case Support::Kind::interval: return 0.5 * support.bounds()->low + 0.5 * support.bounds()->high;
    case Support::Kind::half_line:
    case Support::Kind::above: return support.bounds()->low + 1;
    case Support::Kind::integer: return maximum(support.bounds()->low, minimum(support.bounds()->high, 0));
    default: return 0.0;
  }
}

}  // namespace

bool same_value(const Var& a, const Var& b) {
  const auto at = a.place();
  const auto bt = b.place();
  if (at || bt) return at && bt && at->tape == bt->tape && at->ref == bt->ref;
  return identical(a.tensor(), b.tensor());
}

Var Message::weighed(Var term) const {
  return composed(where, "", {log_prob, term}, [&] {
    for (const Weight& weight : weights)
      term = weight.kind == Weight::Kind::mask ? chosen(weight.factor, term, 0.0) : weight.factor * term;
    return term;
  });
}

Var Message::scored() const {
  Var result = *value;
  if (!observed) return result;
  for (const Weight& weight : weights) {
    if (weight.kind != Weight::Kind::mask) continue;
    Var mask = weight.factor;
    for (int axis = 0; mask.rank() > 0 && axis < law.own.rank(); ++axis)
      mask = expand_dims(Arg(mask, where), -1);
    result = chosen(mask, result, some_value(law.law.support()));
  }
  return result;
}

}  // namespace tapir::vi
