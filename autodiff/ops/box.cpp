// The loops of a box copy.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/box.hpp>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace tapir::ops {
namespace {

constexpr Index block = 16;                // 16 x 16 eight-byte elements: both sides stay in the first cache
constexpr Index piece_elements = 1 << 16;  // what is worth handing to another thread
constexpr Index most_pieces = 16;

}  // namespace

BoxCopy::BoxCopy(const Shape& box, const Lattice& from, const Lattice& to, DType dtype)
    : size_(box.size()), from_(from.offset), to_(to.offset), wide_(size_of(dtype) == 8) {
  for (int i = 0; i < box.rank(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (box[i] != 1) axes_[static_cast<std::size_t>(rank_++)] = {box[i], from.strides[at], to.strides[at]};
  }
  // The target is written in its own order.
  std::stable_sort(axes_.begin(), axes_.begin() + rank_,
                   [](const Axis& a, const Axis& b) { return std::abs(a.to) > std::abs(b.to); });
  int merged = 0;
  for (int i = 0; i < rank_; ++i) {
    const Axis next = axes_[static_cast<std::size_t>(i)];
    if (merged > 0) {
      Axis& last = axes_[static_cast<std::size_t>(merged - 1)];
      if (last.from == next.from * next.size && last.to == next.to * next.size) {
        last = {last.size * next.size, next.from, next.to};
        continue;
      }
    }
    axes_[static_cast<std::size_t>(merged++)] = next;
  }
  rank_ = std::max(merged, 1);  // a single element is an axis of size 1
  if (rank_ < 2) return;
  const auto end = axes_.begin() + rank_;
  const auto near = std::find_if(axes_.begin(), end, [](const Axis& axis) { return axis.from == 1; });
  crossed_ = near < end - 1 && (end - 1)->to == 1;
  if (crossed_) std::rotate(near, near + 1, end - 1);
}

template <class T>
void BoxCopy::copy_crossed(const T* source, T* target, Index begin, Index end) const {
  const Axis outer = axes_[static_cast<std::size_t>(rank_ - 2)];
  const Axis inner = axes_[static_cast<std::size_t>(rank_ - 1)];
  for (Index i0 = begin; i0 < end; i0 += block) {
    const Index i1 = std::min(i0 + block, end);
    for (Index j0 = 0; j0 < inner.size; j0 += block) {
      const Index j1 = std::min(j0 + block, inner.size);
      for (Index i = i0; i < i1; ++i)
        for (Index j = j0; j < j1; ++j) target[i * outer.to + j] = source[i + j * inner.from];
    }
  }
}

template <class T>
void BoxCopy::copy(const T* source, T* target, int axis, Index begin, Index end) const {
  const Axis own = axes_[static_cast<std::size_t>(axis)];
  if (crossed_ && axis == rank_ - 2) {
    copy_crossed(source, target, begin, end);
  } else if (axis < rank_ - 1) {
    const Index inner = axes_[static_cast<std::size_t>(axis + 1)].size;
    for (Index i = begin; i < end; ++i) copy(source + i * own.from, target + i * own.to, axis + 1, 0, inner);
  } else if (own.from == 1 && own.to == 1) {
    std::memcpy(target + begin, source + begin, static_cast<std::size_t>(end - begin) * sizeof(T));
  } else {
    for (Index i = begin; i < end; ++i) target[i * own.to] = source[i * own.from];
  }
}

template <class T>
void BoxCopy::run(const T* source, T* target, Pool& pool) const {
  if (size_ == 0) return;
  source += from_;
  target += to_;
  const Index whole = axes_[0].size;
  const Index pieces = std::max<Index>(std::min({size_ / piece_elements, whole, most_pieces}), 1);
  pool.run(pieces, [&](Index piece, int) {
    copy(source, target, 0, whole * piece / pieces, whole * (piece + 1) / pieces);
  });
}

void BoxCopy::operator()(const void* source, void* target, Pool& pool) const {
  if (wide_)
    run(static_cast<const std::uint64_t*>(source), static_cast<std::uint64_t*>(target), pool);
  else
    run(static_cast<const std::uint32_t*>(source), static_cast<std::uint32_t*>(target), pool);
}

}  // namespace tapir::ops
