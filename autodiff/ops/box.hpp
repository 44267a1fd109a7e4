// Copying a box of elements between two dense arrays: what transpose, slice, pad, flip and concat are made of.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>

#include <tapir/autodiff/exec/pool.hpp>
#include <tapir/autodiff/tensor/shape.hpp>

namespace tapir::ops {

/// Where a box lies in an array, counted in elements: its first element, and the step along each of its axes (it may
/// be negative).
struct Lattice {
  Index offset = 0;
  std::array<Index, Shape::max_rank> strides{};

  /// The whole of a dense array.
  static Lattice dense(const Shape& shape) { return {0, shape.strides()}; }
};

/// The elements of a box, from where they lie in one array to where they lie in another. Prepared once: axes that are
/// walked alike are one axis, and an inner transposition is done in blocks.
///
///   cost  nothing is allocated when it runs; a large box is cut by its shape
class BoxCopy {
 public:
  BoxCopy(const Shape& box, const Lattice& from, const Lattice& to, DType dtype);

  void operator()(const void* source, void* target, Pool& pool) const;

 private:
  struct Axis {
    Index size = 1;
    Index from = 0;
    Index to = 0;
  };

  template <class T>
  void run(const T* source, T* target, Pool& pool) const;
  template <class T>
  void copy(const T* source, T* target, int axis, Index begin, Index end) const;
  template <class T>
  void copy_crossed(const T* source, T* target, Index begin, Index end) const;

  std::array<Axis, Shape::max_rank> axes_{};
  int rank_ = 0;
  Index size_ = 0;
  Index from_ = 0;
  Index to_ = 0;
  bool crossed_ = false;  // the last axis steps by one in the target, the one before it in the source
  bool wide_ = false;
};

}  // namespace tapir::ops
