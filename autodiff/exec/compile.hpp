// compile: record a function once per input types, replay it from then on.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <concepts>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include <tapir/autodiff/exec/program.hpp>

namespace tapir {

struct CompileOptions {
  /// The parameters that are leaves of what is recorded: `params.binding()`.
  std::shared_ptr<Binding> parameters = nullptr;
  /// The threads of its programs; without one: as many as TAPIR_THREADS says, else one.
  std::shared_ptr<Pool> pool = nullptr;
  /// Told in the error when a value is not finite: "step 1201". May be empty.
  std::function<std::string()> occasion = nullptr;
  /// Operations as they were recorded, one pass each.
  bool fuse = true;
};

/// A tensor and the line of the call to which it was passed.
struct Input {
  Tensor tensor;
  Where where;

  template <class T>
    requires(std::convertible_to<T, Tensor> && !std::same_as<std::remove_cvref_t<T>, Input>)
  Input(T&& value, Where at = here()) : tensor(std::forward<T>(value)), where(at) {}  // NOLINT
};

namespace detail {

// Lives as long as the call of which it is an argument.
template <std::size_t N>
struct Gathered {
  std::array<Tensor, N> all;
  operator std::span<const Tensor>() const { return all; }  // NOLINT(google-explicit-constructor)
};

template <class... More>
Gathered<1 + sizeof...(More)> gathered(const Input& first, const More&... more) {
  return {{first.tensor, Tensor(more)...}};
}

}  // namespace detail

/// A function of recorded inputs, as it is recorded. It may store to cells and guard values of the tape.
using Recordable = std::function<std::vector<Var>(std::span<const Var>)>;

/// A function that runs as a program. The first call with inputs of some types records it; the second records it again
/// and compares the tapes, so that a captured value that has changed is an error and not a stale constant; from then
/// on it is replayed.
///
///   errors  "[compile] the second recording differs from the first in node 5: .. ; make it an input"
///           a guard that is not finite: nothing is stored, and the run is repeated in the checked mode, which names
///           the first value that is not finite, its node, path and line
class Compiled {
 public:
  explicit Compiled(Recordable function, CompileOptions options = {});
  ~Compiled();
  Compiled(Compiled&&) noexcept;
  Compiled& operator=(Compiled&&) noexcept;

  /// Valid until the next call unless copied.
  std::span<const Tensor> operator()(std::span<const Tensor> inputs = {}, Where where = here());
  template <std::convertible_to<Tensor>... More>
  std::vector<Tensor> operator()(const Input& first, const More&... more) {
    const auto results = (*this)(detail::gathered(first, more...), first.where);
    return {results.begin(), results.end()};
  }

  /// The program for inputs of these types, recorded if it is not known yet.
  const Program& program(std::span<const Type> types);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

namespace detail {

template <class R>
std::vector<Var> results_of(R&& results) {
  if constexpr (std::convertible_to<R, Var>)
    return {Var(std::forward<R>(results))};
  else
    return std::vector<Var>(results.begin(), results.end());
}

template <class F, std::size_t... I>
std::vector<Var> call(F& f, [[maybe_unused]] std::span<const Var> inputs, std::index_sequence<I...>) {
  return results_of(f(inputs[I]...));
}

/// The number of Vars that `f` takes; a function that takes a span takes any number.
template <class F, std::size_t N = 0>
constexpr std::size_t arity() {
  static_assert(N <= 12, "the function takes neither up to 12 Vars nor a span of Vars");
  if constexpr ([]<std::size_t... I>(std::index_sequence<I...>) {
                  return std::is_invocable_v<F&, decltype((void(I), std::declval<const Var&>()))...>;
                }(std::make_index_sequence<N>{}))
    return N;
  else
    return arity<F, N + 1>();
}

}  // namespace detail

/// Any callable of Vars as a Recordable: `f(Var, Var) -> Var`, or `-> std::vector<Var>`, or of a span of Vars.
template <class F>
Recordable recordable(F f) {
  if constexpr (std::is_invocable_v<F&, std::span<const Var>>)
    return [f](std::span<const Var> inputs) mutable { return detail::results_of(f(inputs)); };
  else
    return [f](std::span<const Var> inputs) mutable {
      constexpr std::size_t count = detail::arity<F>();
      if (inputs.size() != count)
        throw Error("compile", "inputs of the function: " + std::to_string(count) +
                                   ", given: " + std::to_string(inputs.size()));
      return detail::call(f, inputs, std::make_index_sequence<count>{});
    };
}

template <class F>
Compiled compile(F f, CompileOptions options = {}) {
  return Compiled(recordable(std::move(f)), std::move(options));
}

}  // namespace tapir
