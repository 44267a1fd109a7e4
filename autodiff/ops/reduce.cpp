// Sum, mean, product, extrema, variance: what the reduction kernels of each instruction set compute.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/reduce.hpp>

#include <numeric>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/kernels/table.hpp>
#include <tapir/autodiff/ops/reduction.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir {
namespace {

using Indices = std::vector<Index>;
using Rule = std::function<Var(const Recorded&, const Var&)>;

const std::vector<DType> every_dtype{f32, f64, i64};

// `name` reduces elements, `rest` what it has made of them.
KernelRule reduce_with(std::string name, std::string rest) {
  return [name, rest](const Signature& s) {
    const ops::Passes passes(s[0].shape, s.attrs.get<Indices>("axes"), s[0].dtype);
    const auto step = kernels::find_reduce(name, s[0].dtype);
    const auto next = kernels::find_reduce(rest, s[0].dtype);
    if (const auto all = passes.single())
      return Kernel(
          [all = *all, step](const Buffers& b) { step(b.in[0], b.out[0], 0, all.outer, all.n, all.inner); });
    return Kernel([passes, step, next](const Buffers& b) {
      passes.each(b, [&](const ops::Passes::Piece& p) {
        (p.pass == 0 ? step : next)(p.in, p.out, p.first, p.last, p.n, p.inner);
      });
    });
  };
}

/// A reduction of the leading axes: [n, inner] to [inner], in pieces of n.
struct Streamed {
  const kernels::StreamKernels* stream;
  kernels::ReduceKernel rest;
  Index inner;

  void start(void* state) const { stream->start(state, inner); }
  void take(void* state, const void* const*, const void* tile, Index from, Index to, void*) const {
    stream->take(state, tile, to - from);
  }
  void finish(void* state, void* partial) const { stream->finish(state, inner, partial); }
  void combine(const void* partials, Index pieces, void* out) const {
    rest(partials, out, 0, 1, pieces, inner);
  }
};

/// A reduction of the last axes: a row of n to a number.
struct RowByRow {
  kernels::ReduceKernel step;
  Index n, item;

  void take(void*, const void* const*, const void* tile, Index from, Index to, void* out) const {
    step(tile, static_cast<std::byte*>(out) + from / n * item, 0, (to - from) / n, n, 1);
  }
};

// Shorter arrays are near enough when a step of its own reads them.
constexpr Index worth_taking_rows = 1 << 20;  // bytes

EpilogueRule end_with(std::string name, std::string rest) {
  return [name, rest](const Signature& s) -> std::optional<Epilogue> {
    const auto* stream = kernels::find_stream(name, s[0].dtype);
    const ops::Passes passes(s[0].shape, s.attrs.get<Indices>("axes"), s[0].dtype);
    const auto& [middle, length] = passes[0];
    if (!stream || middle.size() == 0) return std::nullopt;
    const auto item = static_cast<Index>(size_of(s[0].dtype));
    const bool takes_rows =
        middle.inner == 1 && middle.outer > 1 && middle.size() * item >= worth_taking_rows;
    if (passes.count() == 1 && takes_rows)
      return Epilogue({.multiple = middle.n},
                      RowByRow{kernels::find_reduce(name, s[0].dtype), middle.n, item});
    if (middle.outer != 1 || passes.count() > (length == middle.n ? 1 : 2)) return std::nullopt;
    return Epilogue({.multiple = stream->multiple(middle.inner),
                     .piece = length * middle.inner,
                     .state = stream->bytes(length, middle.inner),
                     .partial = static_cast<std::size_t>(middle.inner * item)},
                    Streamed{stream, kernels::find_reduce(rest, s[0].dtype), middle.inner});
  };
}

// What a kernel rule says, and its like for the end of a pass.
void reduce_by(Row& row, const std::string& name, const std::string& rest) {
  row.kernel = reduce_with(name, rest);
  row.epilogue = end_with(name, rest);
}

// A row whose derivatives are `vjp` and `jvp`, of one operand and one result.
Row reduction_row(std::string name, Operand::Fill fill, Rule vjp, Rule jvp) {
  Row row = ops::reduction(name);
  reduce_by(row, name, name);
  row.vjp = ops::pull(std::move(vjp));
  row.jvp = [jvp](const Recorded& r, const Tangents& t) -> Tangents { return {jvp(r, *t[0])}; };
  row.dtypes = every_dtype;
  row.samples = ops::reduction_samples(fill);
  return row;
}

// ---- sum ----

Row sum_row() {
  Row row = ops::reduction("sum");
  reduce_by(row, "sum", "sum");
  row.vjp = ops::pull([](const Recorded& r, const Var& g) { return ops::stretched(r, g); });
  row.linear = true;
  row.dtypes = every_dtype;
  row.samples = ops::reduction_samples();
  return row;
}

const Op sum_op{sum_row()};

const Op sum_squares_op{[] {
  Row row = ops::reduction("sum_squares");
  reduce_by(row, "sum_squares", "sum");
  row.vjp = ops::pull([](const Recorded& r, const Var& g) { return ops::stretched(r, 2 * g) * r.inputs[0]; });
  row.jvp = [](const Recorded& r, const Tangents& t) -> Tangents {
    return {2 * ops::reduced(r, *t[0] * r.inputs[0])};
  };
  row.dtypes = every_dtype;
  row.samples = ops::reduction_samples();
  return row;
}()};

// ---- max, min ----

Var is_extreme(const Recorded& r) { return r.inputs[0] == ops::stretched(r, r.outputs[0]); }

// Equal ones share. A NaN result has none that are equal to it: nothing flows.
Var to_extremes(const Recorded& r, const Var& g) {
  const Var extreme = is_extreme(r);
  return where(extreme, ops::stretched(r, g / ops::reduced(r, extreme)), 0);
}

Var of_extremes(const Recorded& r, const Var& t) {
  const Var extreme = is_extreme(r);
  return ops::reduced(r, where(extreme, t, 0)) / ops::reduced(r, extreme);
}

const Op max_op{reduction_row("max", Operand::Fill::distinct, to_extremes, of_extremes)};
const Op min_op{reduction_row("min", Operand::Fill::distinct, to_extremes, of_extremes)};

// ---- prod ----

// For each element of the last axis the product of the others, by a tree of products upwards and back: no division,
// hence right at zeros, and so are the derivatives of it.
Var products_of_others(const Var& x) {
  const Index n = x.shape().back();
  if (n == 1) return ones(x.type());
  const Index half = n / 2;
  const Var first = slice(x, -1, 0, half);
  const Var second = slice(x, -1, half, 2 * half);
  const Var pairs = first * second;
  if (n % 2 == 0) {
    const Var others = products_of_others(pairs);
    return concat({others * second, others * first}, -1);
  }
  const Var others = products_of_others(concat({pairs, slice(x, -1, 2 * half, n)}, -1));
  const Var of_pairs = slice(others, -1, 0, half);
  return concat({of_pairs * second, of_pairs * first, slice(others, -1, half, half + 1)}, -1);
}

// The same over the reduced axes of a product.
Var cofactors(const Recorded& r) {
  const Var& x = r.inputs[0];
  const Shape shape = x.shape();
  if (shape.size() == 0) return x;
  const int rank = shape.rank();
  std::vector<bool> is_reduced(static_cast<std::size_t>(rank), false);
  for (Index axis : r.attrs.get<Indices>("axes")) is_reduced[static_cast<std::size_t>(axis + rank)] = true;
  std::vector<int> order(static_cast<std::size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  std::stable_partition(order.begin(), order.end(),
                        [&](int a) { return !is_reduced[static_cast<std::size_t>(a)]; });

  Shape moved;
  Shape flat;
  Index n = 1;
  std::vector<int> back(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Index size = shape[order[i]];
    moved.append(size);
    if (is_reduced[static_cast<std::size_t>(order[i])])
      n *= size;
    else
      flat.append(size);
    back[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
  }
  flat.append(n);
  return transpose(reshape(products_of_others(reshape(transpose(x, order), flat)), moved), back);
}

const Op prod_op{reduction_row(
    "prod", Operand::Fill::uniform,
    [](const Recorded& r, const Var& g) { return ops::stretched(r, g) * cofactors(r); },
    [](const Recorded& r, const Var& t) { return ops::reduced(r, t * cofactors(r)); })};

// ---- compositions ----

Var reduce(const Op& op, const Arg& x, const Axes& axes, bool keep_dims) {
  return apply(op, {x}, ops::reduction_attrs(x, axes, keep_dims, op.name()));
}

// Checks the axes for a composition, which then passes them on.
struct Reduced {
  Axes axes;
  double count = 1;

  Reduced(const Arg& x, const Axes& asked, std::string_view op) {
    if (!is_floating(x.type().dtype)) throw Error(op, "is not defined for " + x.type().str(), x.where);
    const auto from_right = asked.from_right(x.type(), op, x.where);
    for (Index axis : from_right) count *= static_cast<double>(x.shape()[static_cast<int>(axis)]);
    axes = Axes(std::vector<int>(from_right.begin(), from_right.end()));
  }
};

}  // namespace

Var sum(Arg x, Axes axes, bool keep_dims) { return reduce(sum_op, x, axes, keep_dims); }
Var sum_squares(Arg x, Axes axes, bool keep_dims) { return reduce(sum_squares_op, x, axes, keep_dims); }
Var prod(Arg x, Axes axes, bool keep_dims) { return reduce(prod_op, x, axes, keep_dims); }
Var max(Arg x, Axes axes, bool keep_dims) { return reduce(max_op, x, axes, keep_dims); }
Var min(Arg x, Axes axes, bool keep_dims) { return reduce(min_op, x, axes, keep_dims); }

Var mean(Arg x, Axes axes, bool keep_dims) {
  const Reduced over(x, axes, "mean");
  return composed(x.where, "mean", {x.var}, [&] { return sum(x, over.axes, keep_dims) / over.count; });
}

Var var(Arg x, Axes axes, Index correction, bool keep_dims) {
  const Reduced over(x, axes, "var");
  const double freedom = over.count - static_cast<double>(correction);
  if (!(freedom > 0))
    throw Error("var",
                "a correction of " + std::to_string(correction) + " needs more elements than that along " +
                    "the axes: " + x.type().str(),
                x.where);
  return composed(x.where, "var", {x.var}, [&] {
    const Var deviations = x - sum(x, over.axes, true) / over.count;
    return sum(square(deviations), over.axes, keep_dims) / freedom;
  });
}

}  // namespace tapir
