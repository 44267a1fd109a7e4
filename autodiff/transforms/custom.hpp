// Custom: a user's own operation, its value and its derivative written on views of memory.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <tapir/autodiff/tape/var.hpp>
#include <tapir/autodiff/tensor/view.hpp>

namespace tapir {

/// What a user says of an operation. The functions are pure: equal operands give equal results. `as<T, Rank>(view)` of
/// <tapir/autodiff/interop/xtensor.hpp> makes xtensor expressions of views.
struct CustomRules {
  std::string name = {};
  /// Types of the results; throws an Error for operands that do not fit.
  std::function<std::vector<Type>(std::span<const Type> operands)> shape = {};
  /// Writes every element of `out`.
  std::function<void(std::span<const ConstView> in, std::span<const MutableView> out)> forward = {};
  /// Writes the cotangent of each operand, in its type, into views that hold zeros. Empty: not differentiable.
  std::function<void(std::span<const ConstView> in, std::span<const ConstView> out,
                     std::span<const ConstView> cotangents, std::span<const MutableView> in_cotangents)>
      vjp = {};
};

/// An operation made at run time. To be made once, outside of what is recorded; nodes keep what it holds alive. Its
/// reverse rule is one step: a second derivative is an error. In `batch` it runs once per new leading index.
///
///   errors   "[softsign] is differentiated a second time; a custom operation has a first derivative only"
///            "[custom] needs a name, a shape rule and a forward function"
///   cost     the functions run on one thread; whether they allocate is up to them
///   example  const Custom softsign({
///                .name = "softsign",
///                .shape = [](auto operands) { return std::vector<Type>{operands[0]}; },
///                .forward =
///                    [](auto in, auto out) {
///                      const auto x = as<float, 1>(in[0]);
///                      xt::noalias(as<float, 1>(out[0])) = x / (1.0F + xt::abs(x));
///                    },
///                .vjp =
///                    [](auto in, auto, auto g, auto dx) {
///                      const auto x = as<float, 1>(in[0]);
///                      xt::noalias(as<float, 1>(dx[0])) = as<float, 1>(g[0]) / xt::square(1.0F + xt::abs(x));
///                    },
///            });
///            Var y = softsign(x);
class Custom {
 public:
  explicit Custom(CustomRules rules, Where where = here());

  /// The first result.
  Var operator()(Arg a) const { return all({std::move(a)})[0]; }
  Var operator()(Arg a, Arg b) const { return all({std::move(a), std::move(b)})[0]; }
  Var operator()(Arg a, Arg b, Arg c) const { return all({std::move(a), std::move(b), std::move(c)})[0]; }
  /// All results, for any number of operands.
  std::vector<Var> all(std::vector<Arg> operands) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace tapir
