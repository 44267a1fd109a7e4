// The linear layer.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/nn/linear.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir::nn {
namespace {

Var weight_of(const Scope& scope, Index in, Index out, const LinearOptions& options, Where where) {
  if (in < 1 || out < 1)
    throw Error("linear",
                "\"" + scope.path() + "\" would map " + std::to_string(in) + " values to " +
                    std::to_string(out) + "; both have to be at least 1",
                where);
  return scope.param("weight", {in, out}, options.initialiser, where);
}

}  // namespace

Linear::Linear(Scope scope, Index in, Index out, LinearOptions options, Where where)
    : path_(scope.path()), weight_(weight_of(scope, in, out, options, where)), precision_(options.precision) {
  if (options.bias) bias_ = scope.param("bias", {out}, options.bias_initialiser, where);
}

Var Linear::operator()(Arg x) const {
  const Type weight = weight_.type();
  const bool fits = x.rank() > 0 && x.shape().back() == weight.shape[0];
  if (!fits || (!x.var.is_open() && x.var.dtype() != weight.dtype))
    throw Error("linear",
                "\"" + path_ + "\" takes " + std::string(name_of(weight.dtype)) + "[..," +
                    std::to_string(weight.shape[0]) + "], x is " + x.type().str(),
                x.where);
  return composed(x.where, path_, {x.var, weight_}, [&] {
    const bool single = x.rank() == 1;
    const Var rows = single ? expand_dims(x, 0) : x.var;
    const Var products = matmul(rows, weight_, {.precision = precision_});
    const Var y = single ? squeeze(products, 0) : products;
    return bias_ ? y + *bias_ : y;
  });
}

}  // namespace tapir::nn
