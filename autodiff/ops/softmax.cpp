// Log-sum-exp, softmax and its logarithm: sums of exponentials relative to the largest.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <limits>
#include <memory>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/kernels/table.hpp>
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

// Shares of a pass, which are relative to its own sums, become shares of the whole: times those of these sums.
template <class T>
void scale_shares(const ops::Passes::Pass& pass, const T* of_sums, T* shares, Pool& pool) {
  const Index cuts = pass.cuts();
  const Middle& middle = pass.middle;
  const ops::OuterPieces pieces({middle.outer * cuts, pass.length, middle.inner});
  pool.run(pieces.count(), [&](Index piece, int) {
    for (Index sum = pieces.first(piece); sum < pieces.last(piece); ++sum) {
      const Index row = sum % cuts * pass.length;
      T* share = shares + (sum / cuts * middle.n + row) * middle.inner;
      const T* scale = of_sums + sum * middle.inner;
      const Index rows = std::min(pass.length, middle.n - row);
      if (middle.inner == 1) {
        for (Index i = 0; i < rows; ++i) share[i] *= *scale;
        continue;
      }
      for (Index i = 0; i < rows; ++i, share += middle.inner)
        for (Index c = 0; c < middle.inner; ++c) share[c] *= scale[c];
    }
  });
}

template <class T>
Kernel logsumexp_kernel(const ops::Passes& passes) {
  auto later = std::make_shared<std::vector<std::vector<T>>>();  // shares of the passes behind the first
  for (std::size_t p = 1; p < passes.count(); ++p)
    later->emplace_back(static_cast<std::size_t>(passes[p].middle.size()));
  return Kernel([passes, later, kernel = kernels::find_logsumexp(dtype_of<T>)](const Buffers& b) {
    const auto shares = [&](std::size_t pass) {
      return pass == 0 ? b.output<T>(1) : (*later)[pass - 1].data();
    };
    const bool asked = b.out[1] != nullptr;
    passes.each(b, [&](const ops::Passes::Piece& p) {
      kernel(p.in, p.out, asked ? shares(p.pass) + p.begin : nullptr, p.first, p.last, p.n, p.inner);
    });
    for (std::size_t p = passes.count() - 1; asked && p-- > 0;)
      scale_shares(passes[p], shares(p + 1), shares(p), b.pool);
  });
}

// Two results: the sums' logarithms, and each element's share exp(x - y), which derivatives need.
Row logsumexp_row() {
  Row row = ops::reduction("logsumexp");
  row.shape = [type = row.shape](const Signature& s) {
    ops::require_floating(s[0]);
    std::vector<Type> types = type(s);
    types.push_back(s[0]);
    return types;
  };
  row.follows = [sums = row.follows](const Signature& s, int result, int input) {
    return result == 0 ? sums(s, 0, input) : ops::unreduced_axes(s[0].shape, s.attrs);
  };
  row.kernel = [](const Signature& s) {
    const ops::Passes passes(s[0].shape, s.attrs.get<Indices>("axes"), s[0].dtype);
    return s[0].dtype == f32 ? logsumexp_kernel<float>(passes) : logsumexp_kernel<double>(passes);
  };
  row.spares = true;
  // d share = share (t - sum of share t), for a tangent and, being symmetric, for a cotangent.
  const auto along = [](const Recorded& r, const Var& t) {
    return r.outputs[1] * (t - ops::stretched(r, ops::reduced(r, r.outputs[1] * t)));
  };
  row.vjp = [along](const Recorded& r, const Tangents& g) -> Tangents {
    if (!g[0]) return {along(r, *g[1])};
    const Var first = ops::stretched(r, *g[0]) * r.outputs[1];
    return {g[1] ? first + along(r, *g[1]) : first};
  };
  row.jvp = [along](const Recorded& r, const Tangents& t) -> Tangents {
    return {ops::reduced(r, *t[0] * r.outputs[1]), along(r, *t[0])};
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
