// The multilayer perceptron.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/nn/mlp.hpp>

namespace tapir::nn {

Mlp::Mlp(Scope scope, const std::vector<Index>& sizes, MlpOptions options, Where where)
    : activation_(std::move(options.activation)) {
  if (sizes.size() < 2)
    throw Error("mlp",
                "\"" + scope.path() + "\" has " + std::to_string(sizes.size()) +
                    " sizes; it needs at least two: what comes in and what goes out",
                where);
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i)
    layers_.emplace_back(scope / std::to_string(i), sizes[i], sizes[i + 1], options.linear, where);
}

Var Mlp::operator()(Arg x) const {
  Var y = x.var;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (i > 0) y = activation_(Arg(y, x.where));
    y = layers_[i](Arg(y, x.where));
  }
  return y;
}

}  // namespace tapir::nn
