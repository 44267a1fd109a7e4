// Sequential: layers one after the other.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <functional>
#include <initializer_list>
#include <type_traits>
#include <vector>

#include <tapir/nn/activation.hpp>
#include <tapir/nn/noise.hpp>

namespace tapir::nn {

/// Any layer: a callable of a Var, or of a `Noise` and a Var.
class Layer {
 public:
  Layer(Var (*function)(Arg)) : Layer(Activation(function)) {}  // NOLINT(google-explicit-constructor)
  template <class L>
    requires(std::is_invocable_r_v<Var, const L&, Arg> && !std::same_as<std::remove_cvref_t<L>, Layer>)
  Layer(L layer)  // NOLINT(google-explicit-constructor)
      : run_([layer = std::move(layer)](const Noise*, Arg x) -> Var { return layer(std::move(x)); }) {}
  template <class L>
    requires(std::is_invocable_r_v<Var, const L&, const Noise&, Arg> && !std::is_invocable_v<const L&, Arg>)
  Layer(L layer)  // NOLINT(google-explicit-constructor)
      : run_([layer = std::move(layer)](const Noise* noise, Arg x) -> Var {
          if (!noise)
            throw Error("sequential", "a layer draws noise: call it with a Noise or a context first",
                        x.where);
          return layer(*noise, std::move(x));
        }) {}

  Var operator()(const Noise* noise, Arg x) const { return run_(noise, std::move(x)); }

 private:
  std::function<Var(const Noise*, Arg)> run_;
};

/// Layers one after the other.
///
///   errors   "[sequential] a layer draws noise: call it with a Noise or a context first"
///   example  nn::Sequential net{nn::Linear(params / "in", 784, 400), relu, nn::Linear(params / "out", 400, 10)};
class Sequential {
 public:
  Sequential(std::initializer_list<Layer> layers) : layers_(layers) {}
  explicit Sequential(std::vector<Layer> layers) : layers_(std::move(layers)) {}

  Var operator()(Arg x) const { return run(nullptr, x); }
  Var operator()(const Noise& noise, Arg x) const { return run(&noise, x); }

 private:
  Var run(const Noise* noise, const Arg& x) const {
    Var y = x.var;
    for (const Layer& layer : layers_) y = layer(noise, Arg(y, x.where));
    return y;
  }

  std::vector<Layer> layers_;
};

}  // namespace tapir::nn
