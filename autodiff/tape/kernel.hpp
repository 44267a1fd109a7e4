// What the executor runs: a function pointer with its prepared state.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <utility>

#include <tapir/autodiff/tensor/dtype.hpp>

namespace tapir {

class Pool;

/// The memory one step works on. Every buffer is dense, row-major, of the type that the shape rule gave.
struct Buffers {
  const void* const* in;
  void* const* out;
  Pool& pool;

  template <class T>
  const T* input(int i) const {
    return static_cast<const T*>(in[i]);
  }
  template <class T>
  T* output(int i) const {
    return static_cast<T*>(out[i]);
  }
};

/// An opaque operation made ready for fixed types: everything that can be computed or allocated beforehand is in its
/// state, so that running it neither allocates nor looks anything up.
class Kernel {
 public:
  Kernel() = default;
  /// `f(const Buffers&)`; a mutable scratch belongs behind a pointer in its captures.
  template <class F>
  explicit Kernel(F f)
      : run_([](const void* state, const Buffers& buffers) { (*static_cast<const F*>(state))(buffers); }),
        state_(std::make_shared<const F>(std::move(f))) {}

  void operator()(const Buffers& buffers) const { run_(state_.get(), buffers); }
  explicit operator bool() const { return run_ != nullptr; }

 private:
  void (*run_)(const void*, const Buffers&) = nullptr;
  std::shared_ptr<const void> state_;
};

/// An elementwise operation on n consecutive elements. An element's bits depend on its operands alone.
using TileKernel = void (*)(const void* const* in, void* out, Index n);

/// What an elementwise operation of one or two operands is in a chain: operations one after another on a value that
/// stays in registers. `run` takes a program as its operands: {x, link, its other operand if it has one, .., end}.
struct ChainLinks {
  TileKernel run = nullptr;
  const void* keep = nullptr;     // writes the value to its operand, and goes on
  const void* end = nullptr;      // writes it to the result
  const void* by_array[2] = {};   // the value is the operation's operand 0 or 1, the other one is an array
  const void* by_number[2] = {};  // the other one is a number for all elements
};

/// Pointers in the program of a chain.
inline constexpr int most_chain_operands = 20;

}  // namespace tapir
