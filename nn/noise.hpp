// Where a layer's noise comes from.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <functional>
#include <string_view>

#include <tapir/autodiff/ops/random.hpp>

namespace tapir::nn {

/// What hands out keys by name and knows whether this is training: a model's context, for one.
template <class C>
concept NoisyContext = requires(C& context, std::string_view name) {
  { context.training() } -> std::convertible_to<bool>;
  { context.key(name) } -> std::convertible_to<Key>;
};

/// The noise of one run, which layers that need it take as their first argument: a key, or any such context. It is
/// passed on, not kept: it may refer to the context.
class Noise {
 public:
  explicit Noise(Key source, bool training = true)
      : key_([source](std::string_view name) { return source / name; }), training_(training) {}
  template <NoisyContext C>
    requires(!std::same_as<std::remove_const_t<C>, Noise>)
  Noise(C& context)  // NOLINT(google-explicit-constructor)
      : key_([&context](std::string_view name) -> Key { return context.key(name); }),
        training_(context.training()) {}

  bool training() const { return training_; }
  Key key(std::string_view name) const { return key_(name); }

 private:
  std::function<Key(std::string_view)> key_;
  bool training_;
};

}  // namespace tapir::nn
