// Shapes, axes, and the type of a tensor (dtype and shape).
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include <tapir/autodiff/tensor/dtype.hpp>
#include <tapir/autodiff/tensor/error.hpp>

namespace tapir {

/// The sizes of a tensor's axes, outermost first; at most 12 of them, kept without heap memory.
class Shape {
 public:
  static constexpr int max_rank = 12;

  Shape() = default;
  Shape(std::initializer_list<Index> sizes) : Shape(std::span(sizes.begin(), sizes.size())) {}
  explicit Shape(std::span<const Index> sizes);
  static Shape ones(int rank);

  int rank() const { return rank_; }
  bool empty() const { return rank_ == 0; }
  /// The number of elements: 1 for rank 0. An Error if they could not be counted in bytes.
  Index size() const;
  /// Axis `axis`; negative counts from the right. Unchecked beyond an assertion of range by Error.
  Index operator[](int axis) const;
  Index back() const { return (*this)[-1]; }
  const Index* begin() const { return sizes_.data(); }
  const Index* end() const { return sizes_.data() + rank_; }

  void set(int axis, Index size);
  void append(Index size);
  /// The axes [first, last); negative counts from the right.
  Shape slice(int first, int last) const;
  Shape drop_front(int count) const { return slice(count, rank_); }
  Shape take_front(int count) const { return slice(0, count); }
  Shape without(int axis) const;
  Shape inserted(int axis, Index size) const;
  /// Row-major element strides.
  std::array<Index, max_rank> strides() const;

  /// "[3,4]"
  std::string str() const;

  friend bool operator==(const Shape& a, const Shape& b);
  /// a's axes, then b's.
  friend Shape operator+(const Shape& a, const Shape& b);

 private:
  std::array<Index, max_rank> sizes_{};
  int rank_ = 0;
};

struct Type;

/// Axes of an operation: one, several, or all. Negative ones count from the right.
class Axes {
 public:
  Axes() = default;                 // all of them
  Axes(int axis) : Axes({axis}) {}  // NOLINT(google-explicit-constructor)
  Axes(std::initializer_list<int> axes) : Axes(std::span(axes.begin(), axes.size())) {}
  explicit Axes(std::span<const int> axes);
  static Axes all() { return {}; }
  static Axes none() { return Axes(std::span<const int>{}); }

  bool is_all() const { return all_; }
  /// The axes of a tensor of this type, ascending, counted from the right: -1 is the last. Out of range or twice
  /// the same: an Error of `op`.
  std::vector<Index> from_right(const Type& type, std::string_view op, Where where) const;

 private:
  std::array<int, Shape::max_rank> axes_{};
  int count_ = 0;
  bool all_ = true;
};

/// What is known of a value before it is computed.
struct Type {
  DType dtype = DType::f64;
  Shape shape;

  Index size() const { return shape.size(); }
  std::size_t bytes() const { return static_cast<std::size_t>(shape.size()) * size_of(dtype); }
  /// "f32[3,4]"
  std::string str() const { return std::string(name_of(dtype)) + shape.str(); }
  friend bool operator==(const Type&, const Type&) = default;
};

/// The shape of two operands that broadcast from the right (NumPy); false if they do not.
bool broadcast_shapes(const Shape& a, const Shape& b, Shape& out);

/// `axis` as 0 .. rank-1, or an Error that names `op`.
int normalize_axis(int axis, const Type& type, std::string_view op, Where where);

}  // namespace tapir
