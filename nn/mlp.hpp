// Mlp: linear layers with an activation between them.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include <tapir/nn/activation.hpp>
#include <tapir/nn/linear.hpp>

namespace tapir::nn {

struct MlpOptions {
  Activation activation = relu;
  LinearOptions linear = {};
};

/// A multilayer perceptron: layers "0", "1", .. from sizes[i] to sizes[i + 1]; all but the last are activated.
///
///   shapes   x [.., first size]  ->  [.., last size]
///   example  nn::Mlp decode(params / "decode", {20, 400, 784});
class Mlp {
 public:
  Mlp(Scope scope, const std::vector<Index>& sizes, MlpOptions options = {}, Where where = here());

  Var operator()(Arg x) const;

  const std::vector<Linear>& layers() const { return layers_; }

 private:
  std::vector<Linear> layers_;
  Activation activation_;
};

}  // namespace tapir::nn
