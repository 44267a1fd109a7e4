// What the executor runs: a function pointer with its prepared state.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
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

/// An opaque operation that can compute any elements of its result, so that the pass that reads them computes them tile
/// by tile. Their bits depend on the operands alone.
class Prologue {
 public:
  /// `f(in, out, from, to)` computes elements [from, to) to `out`; `in` are all operands, whole.
  template <class F>
  Prologue(Index bytes_each, F f)
      : bytes(bytes_each),
        run_([](const void* state, const void* const* in, void* out, Index from, Index to) {
          (*static_cast<const F*>(state))(in, out, from, to);
        }),
        state_(std::make_shared<const F>(std::move(f))) {}

  void operator()(const void* const* in, void* out, Index from, Index to) const {
    run_(state_.get(), in, out, from, to);
  }

  Index bytes;  // that it reads for an element

 private:
  void (*run_)(const void*, const void* const*, void*, Index, Index);
  std::shared_ptr<const void> state_;
};

/// An opaque operation of one result that can take an operand tile by tile, in order, from the pass that computes it. The
/// bits are those of its kernel. What sums over the operand cuts it into pieces, each with a state and a partial result of
/// its own, and combines these; what does not writes its result as the tiles come.
class Epilogue {
 public:
  struct Needs {
    int operand = 0;          // that comes in tiles
    Index multiple = 1;       // tiles have so many elements, or a multiple of it, but for the last of a piece
    Index piece = 0;          // elements of a piece; 0: any, as there is no state
    Index bytes = 0;          // of other operands that it reads for an element
    std::size_t state = 0;    // bytes of a state, which is aligned to 64
    std::size_t partial = 0;  // bytes of a piece's result
  };
  /// `F` has take(state, in, tile, from, to, out), where `in` are the operands, whole, but for the one in the tile; with a
  /// state, also start(state), finish(state, partial) and combine(partials, pieces, out), for more than one piece.
  template <class F>
  Epilogue(Needs what, F f)
      : needs(what), actions_(&actions_of<F>), self_(std::make_shared<const F>(std::move(f))) {}

  void start(void* state) const { actions_->start(self_.get(), state); }
  void take(void* state, const void* const* in, const void* tile, Index from, Index to, void* out) const {
    actions_->take(self_.get(), state, in, tile, from, to, out);
  }
  void finish(void* state, void* partial) const { actions_->finish(self_.get(), state, partial); }
  void combine(const void* partials, Index pieces, void* out) const {
    actions_->combine(self_.get(), partials, pieces, out);
  }

  Needs needs;

 private:
  struct Actions {
    void (*start)(const void*, void*);
    void (*take)(const void*, void*, const void* const*, const void*, Index, Index, void*);
    void (*finish)(const void*, void*, void*);
    void (*combine)(const void*, const void*, Index, void*);
  };
  template <class F>
  static void start_of(const void* f, void* state) {
    if constexpr (requires(const F& g) { g.start(state); }) static_cast<const F*>(f)->start(state);
  }
  template <class F>
  static void take_of(const void* f, void* state, const void* const* in, const void* tile, Index from,
                      Index to, void* out) {
    static_cast<const F*>(f)->take(state, in, tile, from, to, out);
  }
  template <class F>
  static void finish_of(const void* f, void* state, void* partial) {
    if constexpr (requires(const F& g) { g.finish(state, partial); })
      static_cast<const F*>(f)->finish(state, partial);
  }
  template <class F>
  static void combine_of(const void* f, const void* partials, Index pieces, void* out) {
    if constexpr (requires(const F& g) { g.combine(partials, pieces, out); })
      static_cast<const F*>(f)->combine(partials, pieces, out);
  }
  template <class F>
  static constexpr Actions actions_of = {start_of<F>, take_of<F>, finish_of<F>, combine_of<F>};

  const Actions* actions_;
  std::shared_ptr<const void> self_;
};

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
