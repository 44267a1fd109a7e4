// Trainer: loss, gradient and update as one program.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tapir/autodiff/learn/optimizers.hpp>

namespace tapir {

struct TrainerOptions {
  /// Shared with other programs; without one, its own with `threads` threads.
  std::shared_ptr<Pool> pool = nullptr;
  /// 0 takes TAPIR_THREADS from the environment, else 1.
  int threads = 0;
  /// Of the noise that a loss with a `Key` draws.
  Index seed = 0;
  bool allow_unused = false;
};

/// A loss in the making: Vars, and the step's source of noise.
using KeyedLoss = std::function<Var(const Key&, std::span<const Var>)>;

namespace detail {

template <class F, std::size_t... I>
constexpr bool takes_key_and(std::index_sequence<I...>) {
  return std::is_invocable_v<F&, const Key&, decltype((void(I), std::declval<const Var&>()))...>;
}

template <class F, std::size_t... N>
constexpr bool takes_key_and_any(std::index_sequence<N...>) {
  return (takes_key_and<F>(std::make_index_sequence<N>{}) || ...);
}

template <class F>
constexpr bool takes_key = std::is_invocable_v<F&, const Key&, std::span<const Var>> ||
                           takes_key_and_any<F>(std::make_index_sequence<13>{});

/// `f` with its first argument given.
template <class F>
struct WithKey {
  F f;
  Key key;

  template <class... V>
    requires std::is_invocable_v<F&, const Key&, const V&...>
  auto operator()(const V&... inputs) { return f(key, inputs...); }
};

/// `f(Var ..)` or `f(Key, Var ..)`, of Vars or of a span of them.
template <class F>
KeyedLoss keyed_loss(F f) {
  return [f](const Key& key, std::span<const Var> inputs) -> Var {
    if constexpr (takes_key<F>)
      return recordable(WithKey<F>{f, key})(inputs).at(0);
    else
      return recordable(f)(inputs).at(0);
  };
}

}  // namespace detail

/// Trains parameters by a loss: one program per input types does loss, gradient and update. What is not finite is an
/// Error that names its node and line, and the step has not happened.
///
///   errors   "[compile] .."; "[grad] the result does not depend on parameter "w""
///   cost     a replayed step allocates nothing
///   example  Trainer trainer(params, [&](Var x, Var y) { return mean(square(net(x) - y)); }, adam(1e-3));
///            for (auto& [x, y] : batches) std::cout << trainer.step(x, y) << '\n';
class Trainer {
 public:
  /// `loss`: a function of Vars, or of a Key and Vars, that returns a scalar.
  template <class F>
  Trainer(Params params, F loss, Optimizer optimizer, TrainerOptions options = {}, Where where = here())
      : Trainer(std::move(params), KeyedLoss(detail::keyed_loss(std::move(loss))), std::move(optimizer),
                std::move(options), where) {}
  Trainer(Params params, KeyedLoss loss, Optimizer optimizer, TrainerOptions options, Where where);

  /// One update; the loss before it.
  double step(std::span<const Tensor> inputs = {}, Where where = here());
  template <std::convertible_to<Tensor>... More>
  double step(const Input& first, const More&... more) {
    return step(detail::gathered(first, more...), first.where);
  }

  const Params& params() const;
  /// What the optimizer remembers; all of it is there before the first step already.
  const TrainerState& state() const;
  /// The averages that `average` keeps.
  std::map<std::string, Tensor> averages(Where where = here()) const;
  /// The program for inputs of these types.
  const Program& program(std::span<const Type> types);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tapir
