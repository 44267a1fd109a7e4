// The Euclidean norm, without overflow or underflow on the way.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include <tapir/autodiff/ops/block_sum.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/reduction.hpp>

namespace tapir {
namespace {

// Relative to the largest: for the rare sums of squares that leave the range of double.
double careful_norm(const double* x, Index stride, Index n) {
  double largest = 0;
  for (Index i = 0; i < n; ++i) {
    const double size = std::abs(x[i * stride]);
    if (!(size <= largest)) largest = size;
  }
  if (!(largest > 0) || !std::isfinite(largest)) return largest;
  ops::Compensated<double> sum;
  for (Index i = 0; i < n; ++i) {
    const double ratio = x[i * stride] / largest;
    sum.add(ratio * ratio);
  }
  return largest * std::sqrt(sum.value());
}

// Squares are summed in double: those of f32 neither overflow nor vanish there.
template <class T>
class Norm {
 public:
  void operator()(const void* in, void* out, Index first, Index last, Index n, Index inner) const {
    const T* from = static_cast<const T*>(in);
    T* to = static_cast<T*>(out);
    sum_(
        from, first, last, n, inner,
        [&](const T* x, Index stride, Index rows, Index columns, Index, double* block) {
          if (stride == columns) return squares(x, block, rows * columns);
          for (Index row = 0; row < rows; ++row) squares(x + row * stride, block + row * columns, columns);
        },
        [](double*, Index) {},
        [&](Index at, const double* sums, Index count) {
          for (Index i = 0; i < count; ++i) {
            double norm = std::sqrt(sums[i]);
            if constexpr (std::is_same_v<T, double>) {
              const bool out_of_range = sums[i] < 1e-270 || sums[i] > 1e300;
              if (out_of_range)
                norm = careful_norm(from + (at + i) / inner * n * inner + (at + i) % inner, inner, n);
            }
            to[at + i] = static_cast<T>(norm);
          }
        });
  }

 private:
  void squares(const T* x, double* block, Index count) const {
    const void* operand = x;
    if constexpr (std::is_same_v<T, float>) {
      widen_(&operand, block, count);
      operand = block;
    }
    square_(&operand, block, count);
  }

  ops::BlockSum<double> sum_;
  TileKernel square_ = kernels::find_tile("square", f64);
  TileKernel widen_ = kernels::find_tile("cast_f32_f64", f32);
};

Kernel norm_kernel(const Signature& s) {
  const ops::Passes passes(s[0].shape, s.attrs.get<std::vector<Index>>("axes"), s[0].dtype);
  if (s[0].dtype == f32)
    return Kernel([passes, step = Norm<float>{}](const Buffers& b) { passes.run(b, step); });
  return Kernel([passes, step = Norm<double>{}](const Buffers& b) { passes.run(b, step); });
}

// g / y, 0 at y = 0; the division is kept from 0 / 0 there, for the derivatives of this.
Var over_norm(const Var& g, const Var& y) {
  const Var is_zero = y == 0;
  return where(is_zero, 0, g) / where(is_zero, 1, y);
}

const Op norm_op{[] {
  Row row = ops::reduction("norm");
  row.shape = [type = row.shape](const Signature& s) {
    ops::require_floating(s[0]);
    return type(s);
  };
  row.kernel = norm_kernel;
  row.vjp = ops::pull([](const Recorded& r, const Var& g) {
    return r.inputs[0] * ops::stretched(r, over_norm(g, r.outputs[0]));
  });
  row.jvp = [](const Recorded& r, const Tangents& t) -> Tangents {
    return {over_norm(ops::reduced(r, *t[0] * r.inputs[0]), r.outputs[0])};
  };
  row.samples = ops::reduction_samples(Operand::Fill::uniform, 0.3, 2);
  return row;
}()};

}  // namespace

Var norm(Arg x, Axes axes, bool keep_dims) {
  return apply(norm_op, {x}, ops::reduction_attrs(x, axes, keep_dims, "norm"));
}

}  // namespace tapir
