// Log-sum-exp, softmax and its logarithm: sums of exponentials relative to the largest.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <limits>
#include <memory>

#include <tapir/autodiff/ops/block_sum.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/reduction.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir {
namespace {

using Indices = std::vector<Index>;
using ops::Middle;

// The rules' own kernels, applied in place.
template <class T>
struct InPlace {
  TileKernel kernel;

  explicit InPlace(std::string_view name) : kernel(kernels::find_tile(name, dtype_of<T>)) {}
  void operator()(T* x, Index n) const {
    const void* in = x;
    kernel(&in, x, n);
  }
};

// to[row, column] = from[row * stride + column] - shift[column]
template <class T>
void subtract(const T* from, Index stride, Index rows, Index columns, const T* shift, T* to) {
  if (columns == 1 && stride == 1) {
    for (Index row = 0; row < rows; ++row) to[row] = from[row] - *shift;
    return;
  }
  for (Index row = 0; row < rows; ++row)
    for (Index c = 0; c < columns; ++c) to[row * columns + c] = from[row * stride + c] - shift[c];
}

// The largest of each sum; 0 where it is not finite: the exponentials then say themselves what the result is.
template <class T>
struct Shift {
  kernels::ReduceKernel max = kernels::find_reduce("max", dtype_of<T>);

  void operator()(const T* in, T* shift, Index first, Index last, Index n, Index inner) const {
    max(in, shift, first, last, n, inner);
    for (Index i = first * inner; i < last * inner; ++i)
      if (!std::isfinite(shift[i])) shift[i] = 0;
  }
};

template <class T>
struct LogSumExp {
  Shift<T> find_shift;
  ops::BlockSum<T> sum;
  InPlace<T> exp{"exp"};
  InPlace<T> log{"log"};

  void operator()(const void* in, void* out, Index first, Index last, Index n, Index inner) const {
    const T* from = static_cast<const T*>(in);
    T* shift = static_cast<T*>(out);
    find_shift(from, shift, first, last, n, inner);
    sum(
        from, first, last, n, inner,
        [&](const T* x, Index stride, Index rows, Index columns, Index at, T* block) {
          subtract(x, stride, rows, columns, shift + at, block);
        },
        exp,
        [&](Index at, T* sums, Index count) {
          log(sums, count);
          for (Index i = 0; i < count; ++i) shift[at + i] += sums[i];
        });
  }
};

Kernel logsumexp_kernel(const Signature& s) {
  const ops::Passes passes(s[0].shape, s.attrs.get<Indices>("axes"), s[0].dtype);
  if (s[0].dtype == f32)
    return Kernel([passes, step = LogSumExp<float>{}](const Buffers& b) { passes.run(b, step); });
  return Kernel([passes, step = LogSumExp<double>{}](const Buffers& b) { passes.run(b, step); });
}

// exp(x - y), 0 where all of a sum were -inf.
Var shares(const Recorded& r) {
  const Var& y = r.outputs[0];
  return exp(r.inputs[0] - ops::stretched(r, where(y == -std::numeric_limits<double>::infinity(), 0, y)));
}

Row logsumexp_row() {
  Row row = ops::reduction("logsumexp");
  row.shape = [type = row.shape](const Signature& s) {
    ops::require_floating(s[0]);
    return type(s);
  };
  row.kernel = logsumexp_kernel;
  row.vjp = ops::pull([](const Recorded& r, const Var& g) { return ops::stretched(r, g) * shares(r); });
  row.jvp = [](const Recorded& r, const Tangents& t) -> Tangents {
    return {ops::reduced(r, *t[0] * shares(r))};
  };
  row.samples = ops::reduction_samples();
  return row;
}

const Op logsumexp_op{logsumexp_row()};

// ---- softmax, log_softmax ----

// One kernel for both: exponentials in the result, their sums beside it, then what becomes of them.
template <class T, bool logarithm>
Kernel softmax_kernel(const Middle& middle) {
  struct State {
    Shift<T> find_shift;
    kernels::ReduceKernel sum = kernels::find_reduce("sum", dtype_of<T>);
    InPlace<T> exp{"exp"};
    InPlace<T> log{"log"};
    std::vector<T> shift;
    std::vector<T> total;
  };
  auto state = std::make_shared<State>();
  state->shift.resize(static_cast<std::size_t>(middle.outer * middle.inner));
  state->total.resize(state->shift.size());

  return Kernel([middle, pieces = ops::OuterPieces(middle), state](const Buffers& b) {
    const Index n = middle.n;
    const Index inner = middle.inner;
    const Index each = n * inner;
    const T* in = b.input<T>(0);
    T* out = b.output<T>(0);
    const auto treat = [&](Index first, Index last) {
      T* shift = state->shift.data();
      T* total = state->total.data();
      state->find_shift(in, shift, first, last, n, inner);
      for (Index o = first; o < last; ++o)
        subtract(in + o * each, inner, n, inner, shift + o * inner, out + o * each);
      state->exp(out + first * each, (last - first) * each);
      state->sum(out, total, first, last, n, inner);
      if (logarithm) {
        state->log(total + first * inner, (last - first) * inner);
        for (Index o = first; o < last; ++o)
          for (Index i = 0; i < n; ++i)
            for (Index c = 0; c < inner; ++c) {
              const Index at = o * each + i * inner + c;
              out[at] = (in[at] - shift[o * inner + c]) - total[o * inner + c];
            }
      } else {
        for (Index o = first; o < last; ++o)
          for (Index i = 0; i < n; ++i)
            for (Index c = 0; c < inner; ++c) out[o * each + i * inner + c] /= total[o * inner + c];
      }
    };
    // A few outer indices at a time, which stay in the nearest cache between the passes over them.
    const Index group = std::max<Index>(1, 2048 / std::max<Index>(1, each));
    b.pool.run(pieces.count(), [&](Index piece, int) {
      for (Index first = pieces.first(piece); first < pieces.last(piece); first += group)
        treat(first, std::min(first + group, pieces.last(piece)));
    });
  });
}

template <bool logarithm>
Row softmax_row(std::string name) {
  Row row = ops::along_axis(std::move(name));
  row.shape = [type = row.shape](const Signature& s) {
    ops::require_floating(s[0]);
    return type(s);
  };
  row.kernel = [](const Signature& s) {
    const Middle middle = ops::middle_of(s[0].shape, s.attrs.get<Index>("axis"));
    return s[0].dtype == f32 ? softmax_kernel<float, logarithm>(middle)
                             : softmax_kernel<double, logarithm>(middle);
  };
  row.samples = ops::along_axis_samples();
  return row;
}

Var summed(const Recorded& r, const Var& x) {
  return sum(x, static_cast<int>(r.attrs.get<Index>("axis")), true);
}

// The Jacobian of softmax is symmetric.
Var softmax_derivative(const Recorded& r, const Var& g) {
  const Var& y = r.outputs[0];
  return y * (g - summed(r, g * y));
}

const Op softmax_op{[] {
  Row row = softmax_row<false>("softmax");
  row.vjp = ops::pull(softmax_derivative);
  row.jvp = [](const Recorded& r, const Tangents& t) -> Tangents { return {softmax_derivative(r, *t[0])}; };
  return row;
}()};

const Op log_softmax_op{[] {
  Row row = softmax_row<true>("log_softmax");
  row.vjp = ops::pull([](const Recorded& r, const Var& g) { return g - exp(r.outputs[0]) * summed(r, g); });
  row.jvp = [](const Recorded& r, const Tangents& t) -> Tangents {
    return {*t[0] - summed(r, exp(r.outputs[0]) * *t[0])};
  };
  return row;
}()};

}  // namespace

Var logsumexp(Arg x, Axes axes, bool keep_dims) {
  return apply(logsumexp_op, {x}, ops::reduction_attrs(x, axes, keep_dims, "logsumexp"));
}

Var softmax(Arg x, int axis) { return apply(softmax_op, {x}, {{"axis", ops::axis_of(x, axis, "softmax")}}); }

Var log_softmax(Arg x, int axis) {
  return apply(log_softmax_op, {x}, {{"axis", ops::axis_of(x, axis, "log_softmax")}});
}

}  // namespace tapir
