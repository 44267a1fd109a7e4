// Sums of a function of the elements, in blocks that stay in the nearest cache.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>

#include <tapir/autodiff/ops/kernels/table.hpp>

namespace tapir::ops {

/// A sum of many partial sums with the errors of the additions carried along (Neumaier's variant of Kahan's): the
/// result is as if the partial sums were added in twice the precision.
template <class T>
struct Compensated {
  T total = 0;
  T lost = 0;

  void add(T x) {
    const T sum = total + x;
    lost += (total < 0 ? -total : total) >= (x < 0 ? -x : x) ? (total - sum) + x : (x - sum) + total;
    total = sum;
  }
  /// Where the total is not finite, neither is what was lost.
  T value() const { return total - total == 0 ? total + lost : total; }
};

/// A function of elements summed over the middle axis of in[outer, n, inner], for outer indices [first, last), in T.
///
///   fill(from, stride, rows, columns, at, block)  brings from[row * stride + column] to block[row, column]; the sum
///                                                 of column c belongs to position at + c of [outer, inner]
///   map(block, count)                             what is then summed, in place
///   emit(at, sums, count)                         takes the sums of positions at .. at + count; may overwrite them
template <class T>
struct BlockSum {
  static constexpr Index capacity = 1024;

  kernels::ReduceKernel sum = kernels::find_reduce("sum", dtype_of<T>);

  template <class In, class Fill, class Map, class Emit>
  void operator()(const In* in, Index first, Index last, Index n, Index inner, const Fill& fill,
                  const Map& map, const Emit& emit) const {
    const Index each = n * inner;
    if (std::max(each, inner) > capacity) {
      for (Index outer = first; outer < last; ++outer)
        one(in + outer * each, outer * inner, n, inner, fill, map, emit);
      return;
    }
    std::array<T, capacity> block;
    std::array<T, capacity> sums;
    const Index group = capacity / std::max<Index>(1, std::max(each, inner));
    for (Index outer = first; outer < last; outer += group) {
      const Index count = std::min(group, last - outer);
      for (Index i = 0; i < count; ++i)
        fill(in + (outer + i) * each, inner, n, inner, (outer + i) * inner, block.data() + i * each);
      map(block.data(), count * each);
      sum(block.data(), sums.data(), 0, count, n, inner);
      emit(outer * inner, sums.data(), count * inner);
    }
  }

 private:
  template <class In, class Fill, class Map, class Emit>
  void one(const In* in, Index at, Index n, Index inner, const Fill& fill, const Map& map,
           const Emit& emit) const {
    constexpr Index widest = 256;
    std::array<T, capacity> block;
    std::array<T, widest> sums;
    for (Index column = 0; column < inner; column += widest) {
      const Index columns = std::min(widest, inner - column);
      const Index most = capacity / columns;
      std::array<Compensated<T>, widest> total{};
      for (Index row = 0; row < n; row += most) {
        const Index rows = std::min(most, n - row);
        fill(in + row * inner + column, inner, rows, columns, at + column, block.data());
        map(block.data(), rows * columns);
        sum(block.data(), sums.data(), 0, 1, rows, columns);
        for (Index c = 0; c < columns; ++c) total[index(c)].add(sums[index(c)]);
      }
      for (Index c = 0; c < columns; ++c) sums[index(c)] = total[index(c)].value();
      emit(at + column, sums.data(), columns);
    }
  }
  static std::size_t index(Index i) { return static_cast<std::size_t>(i); }
};

}  // namespace tapir::ops
