// What stands between layers: a function of one value.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <functional>
#include <type_traits>

#include <tapir/autodiff/ops/elementwise.hpp>

namespace tapir::nn {

/// `relu`, `tanh`, .. or any callable of a Var.
class Activation {
 public:
  Activation(Var (*function)(Arg)) : function_(function) {}  // NOLINT(google-explicit-constructor)
  template <class F>
    requires(std::is_invocable_r_v<Var, const F&, Arg> && !std::same_as<std::remove_cvref_t<F>, Activation>)
  Activation(F function) : function_(std::move(function)) {}  // NOLINT(google-explicit-constructor)

  Var operator()(Arg x) const { return function_(std::move(x)); }

 private:
  std::function<Var(Arg)> function_;
};

}  // namespace tapir::nn
