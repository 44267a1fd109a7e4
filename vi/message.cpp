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

}  // namespace

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
    result = chosen(mask, result, law.law.support().example(result.shape(), where));
  }
  return result;
}

}  // namespace tapir::vi
