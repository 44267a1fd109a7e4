// Copying stretched elements, run by run.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/broadcast.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace tapir {
namespace {

template <class T>
void fill_tile(const void* const* in, void* out, Index n) {
  std::fill_n(static_cast<T*>(out), n, *static_cast<const T*>(in[0]));
}

}  // namespace

Stretch::Stretch(const Shape& in, const Shape& out, DType dtype) : wide_(size_of(dtype) == 8) {
  const auto in_strides = in.strides();
  const int added = out.rank() - in.rank();
  for (int axis = 0; axis < out.rank(); ++axis) {
    if (out[axis] == 1) continue;
    const bool stretched = axis < added || in[axis - added] == 1;
    const Index stride = stretched ? 0 : in_strides[static_cast<std::size_t>(axis - added)];
    const auto last = static_cast<std::size_t>(rank_ - 1);
    if (rank_ > 0 && strides_[last] == stride * out[axis]) {
      sizes_[last] *= out[axis];
      strides_[last] = stride;
    } else {
      sizes_[static_cast<std::size_t>(rank_)] = out[axis];
      strides_[static_cast<std::size_t>(rank_++)] = stride;
    }
  }
}

template <class T>
void Stretch::copy_as(const T* source, T* target, Index begin, Index end) const {
  if (rank_ == 0) {
    std::fill(target, target + (end - begin), *source);
    return;
  }
  std::array<Index, Shape::max_rank> at{};
  Index rest = begin;
  const T* from = source;
  for (int axis = rank_ - 1; axis >= 0; --axis) {
    const auto a = static_cast<std::size_t>(axis);
    at[a] = rest % sizes_[a];
    rest /= sizes_[a];
    from += at[a] * strides_[a];
  }
  const auto inner = static_cast<std::size_t>(rank_ - 1);
  for (Index left = end - begin; left > 0;) {
    const Index run = std::min(left, sizes_[inner] - at[inner]);
    if (strides_[inner] == 0)
      std::fill(target, target + run, *from);
    else
      std::memcpy(target, from, static_cast<std::size_t>(run) * sizeof(T));
    target += run;
    left -= run;
    from -= at[inner] * strides_[inner];
    at[inner] = 0;
    for (int axis = rank_ - 2; axis >= 0; --axis) {
      const auto a = static_cast<std::size_t>(axis);
      from += strides_[a];
      if (++at[a] < sizes_[a]) break;
      from -= at[a] * strides_[a];
      at[a] = 0;
    }
  }
}

TileKernel Stretch::fill() const { return wide_ ? fill_tile<std::uint64_t> : fill_tile<std::uint32_t>; }

void Stretch::copy(const void* source, void* target, Index begin, Index end) const {
  if (begin >= end) return;
  if (wide_)
    copy_as(static_cast<const std::uint64_t*>(source), static_cast<std::uint64_t*>(target), begin, end);
  else
    copy_as(static_cast<const std::uint32_t*>(source), static_cast<std::uint32_t*>(target), begin, end);
}

}  // namespace tapir
