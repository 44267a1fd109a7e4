// Copying stretched elements: axes from the outermost to the innermost, short runs by their pattern.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/broadcast.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

namespace tapir {
namespace {

template <class T>
void fill_tile(const void* const* in, void* out, Index n) {
  std::fill_n(static_cast<T*>(out), n, *static_cast<const T*>(in[0]));
}

// Calls f with n as a constant where it is small, so that its loops are unrolled.
template <class F>
void with_small(Index n, const F& f) {
  const auto one_of = [&]<Index... small>(std::integer_sequence<Index, small...>) {
    return ((n == small && (f(std::integral_constant<Index, small>{}), true)) || ...);
  };
  if (!one_of(std::integer_sequence<Index, 2, 3, 4, 5, 6, 8>{})) f(n);
}

// Each of `count` elements `times` times.
template <class T>
void spread(const T* from, T* to, Index count, Index times) {
  with_small(times, [=](auto n) {
    T* next = to;
    for (Index i = 0; i < count; ++i, next += n) std::fill_n(next, Index{n}, from[i]);
  });
}

// Each of `count` runs of `length` elements `times` times.
template <class T>
void repeat_runs(const T* from, T* to, Index count, Index times, Index length) {
  with_small(length, [=](auto n) {
    T* next = to;
    for (const T* run = from; run < from + count * n; run += n)
      for (Index k = 0; k < times; ++k, next += n)
        std::memcpy(next, run, static_cast<std::size_t>(n) * sizeof(T));
  });
}

// The first `period` elements over and over, up to `size`.
template <class T>
void repeat_start(T* to, Index period, Index size) {
  for (Index done = period; done < size;) {
    const Index n = std::min(done, size - done);
    std::memcpy(to + done, to, static_cast<std::size_t>(n) * sizeof(T));
    done += n;
  }
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
  Index block = 1;
  for (auto axis = static_cast<std::size_t>(rank_); axis-- > 0; block *= sizes_[axis]) blocks_[axis] = block;
}

// Elements [begin, end) of one entry of the axis outside of `axis`.
template <class T>
void Stretch::copy_from(int axis, const T* source, T* target, Index begin, Index end) const {
  if (begin == end) return;
  const auto at = static_cast<std::size_t>(axis);
  const bool stretched = axis == rank_ || strides_[at] == 0;
  const Index block = axis == rank_ ? 1 : blocks_[at];
  if (stretched && block == 1) {
    std::fill_n(target, end - begin, *source);
    return;
  }
  if (block == 1) {
    std::memcpy(target, source + begin, static_cast<std::size_t>(end - begin) * sizeof(T));
    return;
  }
  if (stretched) {
    const Index period = std::min(end - begin, block);
    const Index phase = begin % block;
    const Index first = std::min(period, block - phase);
    copy_from(axis + 1, source, target, phase, phase + first);
    copy_from(axis + 1, source, target + first, 0, period - first);
    repeat_start(target, period, end - begin);
    return;
  }
  const auto entry = [&](Index i, Index from, Index to) {
    copy_from(axis + 1, source + i * strides_[at], target + (i * block + from - begin), from, to);
  };
  const Index first = begin / block;
  const Index last = end / block;
  if (first == last) {
    entry(first, begin % block, end % block);
    return;
  }
  const Index whole = first + (begin % block > 0 ? 1 : 0);
  if (whole > first) entry(first, begin % block, block);
  copy_entries(axis, source + whole * strides_[at], target + (whole * block - begin), last - whole);
  if (last * block < end) entry(last, 0, end % block);
}

// `count` whole entries of an axis that is walked; the next one is stretched.
template <class T>
void Stretch::copy_entries(int axis, const T* source, T* target, Index count) const {
  const auto at = static_cast<std::size_t>(axis);
  const int inside = rank_ - 1 - axis;
  const Index stride = strides_[at];
  if (inside == 1 && stride == 1) {
    spread(source, target, count, sizes_[at + 1]);
  } else if (inside == 2 && stride == sizes_[at + 2] && stride <= longest_short) {
    repeat_runs(source, target, count, sizes_[at + 1], stride);
  } else {
    for (Index i = 0; i < count; ++i)
      copy_from(axis + 1, source + i * stride, target + i * blocks_[at], 0, blocks_[at]);
  }
}

TileKernel Stretch::fill() const { return wide_ ? fill_tile<std::uint64_t> : fill_tile<std::uint32_t>; }

void Stretch::copy(const void* source, void* target, Index begin, Index end) const {
  if (begin >= end) return;
  if (wide_)
    copy_from(0, static_cast<const std::uint64_t*>(source), static_cast<std::uint64_t*>(target), begin, end);
  else
    copy_from(0, static_cast<const std::uint32_t*>(source), static_cast<std::uint32_t*>(target), begin, end);
}

}  // namespace tapir
