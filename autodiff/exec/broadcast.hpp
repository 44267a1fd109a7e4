// Reading an operand as if it were stretched to another shape.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>

#include <tapir/autodiff/tape/kernel.hpp>
#include <tapir/autodiff/tensor/shape.hpp>

namespace tapir {

/// How the elements of `in` stand in the row-major order of `out`, to which it broadcasts from the right. Neighbouring
/// axes that are walked alike are one.
class Stretch {
 public:
  Stretch() = default;
  Stretch(const Shape& in, const Shape& out, DType dtype);

  /// Every element is the same one.
  bool is_constant() const { return rank_ == 0 || (rank_ == 1 && strides_[0] == 0); }
  /// Nothing is stretched.
  bool is_plain() const { return rank_ == 1 && strides_[0] == 1; }
  /// After how many elements the result repeats, where its outermost axis is stretched and others are not; else 0.
  Index period() const { return rank_ > 1 && strides_[0] == 0 ? blocks_[0] : 0; }
  /// For a constant one: the tile kernel that writes the element n times.
  TileKernel fill() const;
  /// Elements [begin, end) of the stretched array.
  void copy(const void* source, void* target, Index begin, Index end) const;

 private:
  static constexpr Index longest_short = 16;  // runs for which a call of memcpy is not worth it

  template <class T>
  void copy_from(int axis, const T* source, T* target, Index begin, Index end) const;
  template <class T>
  void copy_entries(int axis, const T* source, T* target, Index count) const;

  std::array<Index, Shape::max_rank> sizes_{};
  std::array<Index, Shape::max_rank> strides_{};  // in the source; 0: stretched
  std::array<Index, Shape::max_rank> blocks_{};   // elements per entry of an axis
  int rank_ = 0;
  bool wide_ = false;
};

}  // namespace tapir
