// Model: any callable of a Context and Vars.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tapir/vi/context.hpp>

namespace tapir::vi {

namespace detail {

template <class F, std::size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return std::is_invocable_v<F&, Context&, decltype((void(I), std::declval<const Var&>()))...>;
}

/// The number of Vars that `f` takes after the Context; -1 if it takes none of 0 to 12.
template <class F, std::size_t N = 0>
constexpr int inputs_of() {
  if constexpr (N > 12)
    return -1;
  else if constexpr (takes<F>(std::make_index_sequence<N>{}))
    return static_cast<int>(N);
  else
    return inputs_of<F, N + 1>();
}

template <class F, class... A>
std::vector<Var> returned(F& f, A&&... arguments) {
  if constexpr (std::is_void_v<std::invoke_result_t<F&, A...>>) {
    f(std::forward<A>(arguments)...);
    return {};
  } else {
    auto result = f(std::forward<A>(arguments)...);
    if constexpr (std::convertible_to<decltype(result), Var>)
      return {Var(std::move(result))};
    else
      return std::vector<Var>(result.begin(), result.end());
  }
}

}  // namespace detail

/// A model or a guide: a callable (Context&, Var ..) with up to 12 inputs, or (Context&, span of Vars). It
/// may return nothing, a Var, or several.
///
///   errors  "[model] takes 2 inputs, it was given 1"
class Model {
 public:
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, Model>)
  Model(F f) {  // NOLINT(google-explicit-constructor)
    constexpr int count = detail::inputs_of<F>();
    if constexpr (count >= 0) {
      run_ = [f](Context& c, std::span<const Var> x) mutable {
        require(x.size(), count);
        return [&]<std::size_t... I>(std::index_sequence<I...>) { return detail::returned(f, c, x[I]...); }
        (std::make_index_sequence<static_cast<std::size_t>(count)>{});
      };
    } else {
      static_assert(std::is_invocable_v<F&, Context&, std::span<const Var>>,
                    "a model takes a Context& and up to 12 Vars, or a Context& and a span of Vars");
      run_ = [f](Context& c, std::span<const Var> x) mutable { return detail::returned(f, c, x); };
    }
  }

  std::vector<Var> operator()(Context& context, std::span<const Var> inputs) const {
    return run_(context, inputs);
  }

 private:
  static void require(std::size_t given, int taken) {
    if (static_cast<int>(given) != taken)
      throw Error("model", "takes " + std::to_string(taken) + (taken == 1 ? " input" : " inputs") +
                               ", it was given " + std::to_string(given));
  }

  std::function<std::vector<Var>(Context&, std::span<const Var>)> run_;
};

/// What a model returns and draws when it runs forward on plain values: data from the prior, or predictions
/// when the handlers replay or condition its latent sites.
///
///   errors   "[predict] condition names a site "w", which the model does not have; its sites are: z, x"
///   example  predict(model, Key(1), {&x, 1}, {.handlers = {condition(svi.sample(x))}}).returned[0]
struct Prediction {
  std::vector<Tensor> returned;
  std::map<std::string, Tensor> sites;
};
Prediction predict(const Model& model, Key key, std::span<const Tensor> inputs = {},
                   ContextOptions options = {}, Where where = here());

}  // namespace tapir::vi
