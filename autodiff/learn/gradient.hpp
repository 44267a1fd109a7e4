// Gradients by a model's parameters: on a tape, and as a compiled function.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include <tapir/autodiff/learn/params.hpp>
#include <tapir/autodiff/transforms/grad.hpp>

namespace tapir {

/// A parameter and the derivative of the loss by it, both on the tape. `learning_rate` is the parameter's own factor:
/// `apply_updates` multiplies its update by it.
struct Gradient {
  std::string path;
  Var parameter;
  Var gradient;
  double learning_rate = 1.0;
};

/// The gradients of a recorded scalar by all parameters that are not frozen, recorded on the same tape, to which the
/// parameters are bound.
///
///   errors  "[grad] the result does not depend on parameter "decode/w": .."; then freeze it, or allow_unused
std::vector<Gradient> gradients(const Params& params, const Var& loss, GradOptions options = {},
                                Where where = here());

/// The value of a function and its gradient, by path of the parameters.
struct ValueAndGradient {
  Tensor value;
  std::map<std::string, Tensor> gradients;
  /// What the function returned beyond its first result.
  std::vector<Tensor> rest;
};

struct ValueAndGradOptions {
  bool allow_unused = false;
  std::shared_ptr<Pool> pool = nullptr;
};

/// A function and its gradient as one compiled program. See `value_and_grad`.
class CompiledGradient {
 public:
  CompiledGradient(Params params, Recordable function, ValueAndGradOptions options, Where where);

  ValueAndGradient operator()(std::span<const Tensor> inputs, Where where = here());
  template <class... T>
    requires(std::convertible_to<const T&, Tensor>&&...)
  ValueAndGradient operator()(const T&... inputs) {
    const std::array<Tensor, sizeof...(T)> all{Tensor(inputs)...};
    return (*this)(std::span<const Tensor>(all), Where{});
  }

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// A function of tensors that gives the first result of `f`, a scalar, and its gradient by the parameters that are not
/// frozen. `f` takes Vars and returns one Var or several; it is recorded once per input types.
///
///   errors   "[grad] the result does not depend on parameter "decode/w": .."
///   example  auto loss = value_and_grad(params, [&](Var x) { return mean(square(net(x))); });
///            auto [value, gradients, rest] = loss(images);
template <class F>
CompiledGradient value_and_grad(Params params, F f, ValueAndGradOptions options = {}, Where where = here()) {
  return CompiledGradient(std::move(params), recordable(std::move(f)), std::move(options), where);
}

}  // namespace tapir
