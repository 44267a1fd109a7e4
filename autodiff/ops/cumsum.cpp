// Running sums along an axis.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>

#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/reduction.hpp>

namespace tapir {
namespace {

using ops::Middle;

// f32 is summed in double: a running sum has no tree to keep its rounding errors small. Whole numbers wrap around.
template <class T>
using Running = std::conditional_t<std::is_same_v<T, Index>, std::uint64_t, double>;

// Columns [first, first + count) of n rows, from the last row to the first if `reverse`.
template <class T>
void run_down(const T* in, T* out, const Middle& middle, bool reverse, Index first, Index count) {
  constexpr Index widest = 64;
  for (Index column = first; column < first + count; column += widest) {
    const Index columns = std::min(widest, first + count - column);
    std::array<Running<T>, widest> sums{};
    for (Index step = 0; step < middle.n; ++step) {
      const Index at = (reverse ? middle.n - 1 - step : step) * middle.inner + column;
      for (Index c = 0; c < columns; ++c) {
        auto& sum = sums[static_cast<std::size_t>(c)];
        sum += static_cast<Running<T>>(in[at + c]);
        out[at + c] = static_cast<T>(sum);
      }
    }
  }
}

Kernel cumsum_kernel(const Signature& s) {
  return dispatch(s[0].dtype, [&](auto zero) {
    using T = decltype(zero);
    const Middle middle = ops::middle_of(s[0].shape, s.attrs.get<Index>("axis"));
    return Kernel(
        [middle, pieces = ops::OuterPieces(middle), reverse = s.attrs.flag("reverse")](const Buffers& b) {
          b.pool.run(pieces.count(), [&](Index piece, int) {
            for (Index outer = pieces.first(piece); outer < pieces.last(piece); ++outer) {
              const Index at = outer * middle.n * middle.inner;
              run_down(b.input<T>(0) + at, b.output<T>(0) + at, middle, reverse, 0, middle.inner);
            }
          });
        });
  });
}

Var cumsum_along(const Arg& x, Index axis, bool reverse);

Var backwards(const Recorded& r, const Var& g) {
  return cumsum_along(g, r.attrs.get<Index>("axis"), !r.attrs.flag("reverse"));
}

const Op cumsum_op{[] {
  Row row = ops::along_axis("cumsum");
  row.kernel = cumsum_kernel;
  row.vjp = ops::pull(backwards);
  row.linear = true;
  row.dtypes = {f32, f64, i64};
  for (Index reverse : {0, 1})
    for (Sample sample : ops::along_axis_samples()) {
      sample.attrs.set("reverse", reverse);
      row.samples.push_back(std::move(sample));
    }
  return row;
}()};

Var cumsum_along(const Arg& x, Index axis, bool reverse) {
  return apply(cumsum_op, {x}, {{"axis", axis}, {"reverse", Index{reverse}}});
}

}  // namespace

Var cumsum(Arg x, int axis) { return cumsum_along(x, ops::axis_of(x, axis, "cumsum"), false); }

}  // namespace tapir
