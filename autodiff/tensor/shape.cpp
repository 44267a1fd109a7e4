// Shapes and axes.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/tensor/shape.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace tapir {

Shape::Shape(std::span<const Index> sizes) {
  for (Index size : sizes) append(size);
}

Shape Shape::ones(int rank) {
  Shape shape;
  for (int i = 0; i < rank; ++i) shape.append(1);
  return shape;
}

Index Shape::size() const {
  // Eight bytes for each of so many elements can still be counted.
  constexpr Index most = std::numeric_limits<Index>::max() / 8;
  Index product = 1;
  bool too_many = false;
  for (Index size : *this) {
    if (size == 0) return 0;
    if (product > most / size)
      too_many = true;
    else
      product *= size;
  }
  if (too_many) throw Error("shape", str() + " has more elements than memory can hold");
  return product;
}

namespace {

int checked(int axis, int rank, const Shape& shape) {
  const int at = axis < 0 ? axis + rank : axis;
  if (at < 0 || at >= rank)
    throw Error("shape", "axis " + std::to_string(axis) + " is out of range for " + shape.str());
  return at;
}

}  // namespace

Index Shape::operator[](int axis) const {
  return sizes_[static_cast<std::size_t>(checked(axis, rank_, *this))];
}

void Shape::set(int axis, Index size) {
  sizes_[static_cast<std::size_t>(checked(axis, rank_, *this))] = size;
}

void Shape::append(Index size) {
  if (size < 0) throw Error("shape", "the size of an axis is negative: " + std::to_string(size));
  if (rank_ == max_rank)
    throw Error("shape", "more than " + std::to_string(max_rank) + " axes: " + str() + " and one more");
  sizes_[static_cast<std::size_t>(rank_++)] = size;
}

Shape Shape::slice(int first, int last) const {
  if (first < 0) first += rank_;
  if (last < 0) last += rank_;
  first = std::clamp(first, 0, rank_);
  last = std::clamp(last, first, rank_);
  return Shape(std::span(begin() + first, begin() + last));
}

Shape Shape::without(int axis) const {
  const int at = checked(axis, rank_, *this);
  return take_front(at) + drop_front(at + 1);
}

Shape Shape::inserted(int axis, Index size) const {
  const int at = checked(axis, rank_ + 1, *this);
  return take_front(at) + Shape{size} + drop_front(at);
}

std::array<Index, Shape::max_rank> Shape::strides() const {
  std::array<Index, max_rank> result{};
  std::uint64_t step = 1;  // unsigned: beside an axis of size 0, the product of the others may be anything
  for (int i = rank_ - 1; i >= 0; --i) {
    result[static_cast<std::size_t>(i)] = static_cast<Index>(step);
    step *= static_cast<std::uint64_t>(sizes_[static_cast<std::size_t>(i)]);
  }
  return result;
}

std::string Shape::str() const {
  std::string text = "[";
  for (const Index& size : *this) {
    if (&size != begin()) text += ",";
    text += std::to_string(size);
  }
  return text + "]";
}

bool operator==(const Shape& a, const Shape& b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

Shape operator+(const Shape& a, const Shape& b) {
  Shape result = a;
  for (Index size : b) result.append(size);
  return result;
}

Axes::Axes(std::span<const int> axes) : all_(false) {
  if (axes.size() > axes_.size()) throw Error("axes", "more axes than a tensor can have");
  std::copy(axes.begin(), axes.end(), axes_.begin());
  count_ = static_cast<int>(axes.size());
}

std::vector<Index> Axes::from_right(const Type& type, std::string_view op, Where where) const {
  const int rank = type.shape.rank();
  std::vector<bool> named(static_cast<std::size_t>(rank), all_);
  for (int i = 0; i < count_; ++i) {
    const auto at =
        static_cast<std::size_t>(normalize_axis(axes_[static_cast<std::size_t>(i)], type, op, where));
    if (named[at])
      throw Error(op, "axis " + std::to_string(at) + " of " + type.str() + " is named twice", where);
    named[at] = true;
  }
  std::vector<Index> result;
  for (int at = 0; at < rank; ++at)
    if (named[static_cast<std::size_t>(at)]) result.push_back(at - rank);
  return result;
}

bool broadcast_shapes(const Shape& a, const Shape& b, Shape& out) {
  const int rank = std::max(a.rank(), b.rank());
  Shape result = Shape::ones(rank);
  for (int i = 1; i <= rank; ++i) {
    const Index x = i <= a.rank() ? a[-i] : 1;
    const Index y = i <= b.rank() ? b[-i] : 1;
    if (x != y && x != 1 && y != 1) return false;
    result.set(-i, x == 1 ? y : x);
  }
  out = result;
  return true;
}

int normalize_axis(int axis, const Type& type, std::string_view op, Where where) {
  const int rank = type.shape.rank();
  const int at = axis < 0 ? axis + rank : axis;
  if (at < 0 || at >= rank)
    throw Error(op, "axis " + std::to_string(axis) + " is out of range for " + type.str(), where);
  return at;
}

}  // namespace tapir
