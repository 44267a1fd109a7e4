// Dropout.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/nn/dropout.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/tape/tape.hpp>

namespace tapir::nn {
namespace {

void check_rate(double rate, Where where) {
  if (!(rate >= 0 && rate < 1))
    throw Error("dropout", "rate is " + str(Attr(rate)) + "; it has to be a number in [0, 1)", where);
}

Var dropped(const Key& key, const Arg& x, double rate, std::string_view name) {
  check_rate(rate, x.where);
  if (x.var.is_recorded() && !key.counter().is_recorded())
    throw Error(
        "dropout",
        "the key is a plain value: each replay would drop the same elements; make its counter an input",
        x.where);
  if (rate == 0) return x.var;
  return composed(x.where, name, {x.var, key.counter()}, [&] {
    const Type type = x.type();
    const Var kept = uniform(key.as(type.dtype), type.shape) >= rate;
    return x.var * (kept * (1 / (1 - rate)));
  });
}

}  // namespace

Var dropout(const Key& key, Arg x, double rate) { return dropped(key, x, rate, "dropout"); }

Dropout::Dropout(const Scope& scope, double rate, Where where) : path_(scope.path()), rate_(rate) {
  check_rate(rate, where);
}

Var Dropout::operator()(const Noise& noise, Arg x) const {
  return noise.training() ? dropped(noise.key(path_), x, rate_, path_) : x.var;
}

}  // namespace tapir::nn
