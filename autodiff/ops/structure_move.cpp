// Operations that rearrange or mask elements in place: transpose, flip, triangles.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include <tapir/autodiff/ops/box.hpp>
#include <tapir/autodiff/ops/rows.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir {
namespace {

using ops::BoxCopy;
using ops::Lattice;
using ops::require;
using Indices = std::vector<Index>;

const std::vector<DType> every_dtype{f32, f64, i64};

std::vector<int> follow_all(int rank) {
  std::vector<int> axes;
  for (int i = 0; i < rank; ++i) axes.push_back(i);
  return axes;
}

// ---- transpose: attribute `order`, counted from the right, so that axes before it stay where they are ----

int ordered(const Indices& order, int rank, int axis) {
  const int skipped = rank - static_cast<int>(order.size());
  return axis < skipped ? axis : rank + static_cast<int>(order[static_cast<std::size_t>(axis - skipped)]);
}

std::vector<int> order_of(const Signature& s) {
  std::vector<int> order;
  const int rank = s[0].shape.rank();
  for (int axis = 0; axis < rank; ++axis) order.push_back(ordered(s.attrs.get<Indices>("order"), rank, axis));
  return order;
}

std::vector<Type> transpose_type(const Signature& s) {
  Shape shape;
  for (int axis : order_of(s)) shape.append(s[0].shape[axis]);
  return {{s[0].dtype, shape}};
}

Kernel transpose_kernel(const Signature& s) {
  const Shape shape = transpose_type(s)[0].shape;
  const auto strides = s[0].shape.strides();
  Lattice from;
  const auto order = order_of(s);
  for (std::size_t i = 0; i < order.size(); ++i)
    from.strides[i] = strides[static_cast<std::size_t>(order[i])];
  return Kernel([copy = BoxCopy(shape, from, Lattice::dense(shape), s[0].dtype)](const Buffers& b) {
    copy(b.in[0], b.out[0], b.pool);
  });
}

Var transpose_back(const Recorded& r, const Var& g) {
  const Indices& order = r.attrs.get<Indices>("order");
  const int rank = g.rank();
  std::vector<int> inverse(static_cast<std::size_t>(rank));
  for (int axis = 0; axis < rank; ++axis)
    inverse[static_cast<std::size_t>(ordered(order, rank, axis))] = axis;
  return transpose(g, inverse);
}

const Op transpose_op{{.name = "transpose",
                       .shape = transpose_type,
                       .kernel = transpose_kernel,
                       .follows = [](const Signature& s, int, int) { return order_of(s); },
                       .vjp = ops::pull(transpose_back),
                       .linear = true,
                       .dtypes = every_dtype,
                       .samples = {{{{{3, 4}}}, {{"order", Indices{-1, -2}}}},
                                   {{{{2, 3, 4}}}, {{"order", Indices{-2, -1, -3}}}},
                                   {{{{2, 1, 3}}}, {{"order", Indices{-1, -2, -3}}}},
                                   {{{{2, 3, 2, 5, 1}}}, {{"order", Indices{-2, -4, -5, -1, -3}}}},
                                   {{{{35, 50}}}, {{"order", Indices{-1, -2}}}}}}};

// ---- flip: attribute `axes` ----

Kernel flip_kernel(const Signature& s) {
  const Shape& shape = s[0].shape;
  Lattice from = Lattice::dense(shape);
  for (Index axis : s.attrs.get<Indices>("axes")) {
    const int at = shape.rank() + static_cast<int>(axis);
    Index& stride = from.strides[static_cast<std::size_t>(at)];
    from.offset += (shape[at] - 1) * stride;
    stride = -stride;
  }
  return Kernel([copy = BoxCopy(shape, from, Lattice::dense(shape), s[0].dtype)](const Buffers& b) {
    copy(b.in[0], b.out[0], b.pool);
  });
}

std::vector<int> follow_unflipped(const Signature& s, int, int) {
  std::vector<int> axes = follow_all(s[0].shape.rank());
  for (Index axis : s.attrs.get<Indices>("axes")) *(axes.end() + axis) = mixed;
  return axes;
}

Var apply_flip(const Arg& x, const Indices& axes);

const Op flip_op{{.name = "flip",
                  .shape = [](const Signature& s) -> std::vector<Type> { return {s[0]}; },
                  .kernel = flip_kernel,
                  .follows = follow_unflipped,
                  .vjp = ops::pull([](const Recorded& r, const Var& g) {
                    return apply_flip(g, r.attrs.get<Indices>("axes"));
                  }),
                  .linear = true,
                  .dtypes = every_dtype,
                  .samples = {{{{{5}}}, {{"axes", Indices{-1}}}},
                              {{{{2, 3, 4}}}, {{"axes", Indices{-3, -1}}}},
                              {{{{2, 1, 4}}}, {{"axes", Indices{-2}}}}}}};

Var apply_flip(const Arg& x, const Indices& axes) { return apply(flip_op, {x}, {{"axes", axes}}); }

// ---- triangles: attribute `diagonal`, the last (tril) or first (triu) one that is kept ----

std::vector<Type> matrix_type(const Signature& s) {
  require(s[0].shape.rank() >= 2, "needs a matrix, the operand is " + s[0].str());
  return {s[0]};
}

template <bool lower>
Kernel triangle_kernel(const Signature& s) {
  const Index rows = s[0].shape[-2], columns = s[0].shape[-1];
  const Index count = rows * columns == 0 ? 0 : s[0].size() / (rows * columns);
  const Index diagonal = s.attrs.get<Index>("diagonal");
  return dispatch(s[0].dtype, [&](auto zero) {
    using T = decltype(zero);
    return Kernel([=](const Buffers& b) {
      const T* in = b.input<T>(0);
      T* out = b.output<T>(0);
      for (Index i = 0; i < count * rows; ++i, in += columns, out += columns) {
        const Index split = std::clamp<Index>(i % rows + diagonal + (lower ? 1 : 0), 0, columns);
        std::fill(lower ? out + split : out, lower ? out + columns : out + split, T{0});
        std::copy(lower ? in : in + split, lower ? in + split : in + columns, lower ? out : out + split);
      }
    });
  });
}

Row triangle(std::string name, KernelRule kernel, Var (*again)(Arg, int)) {
  return {.name = std::move(name),
          .shape = matrix_type,
          .kernel = std::move(kernel),
          .follows = [](const Signature& s, int, int) { return follow_all(s[0].shape.rank()); },
          .vjp = ops::pull([again](const Recorded& r, const Var& g) {
            return again(g, static_cast<int>(r.attrs.get<Index>("diagonal")));
          }),
          .linear = true,
          .dtypes = every_dtype,
          .samples = {{{{{3, 3}}}, {{"diagonal", Index{0}}}},
                      {{{{2, 3, 4}}}, {{"diagonal", Index{1}}}},
                      {{{{4, 2}}}, {{"diagonal", Index{-2}}}},
                      {{{{2, 3}}}, {{"diagonal", Index{-7}}}}}};
}

const Op tril_op{triangle("tril", triangle_kernel<true>, tril)};
const Op triu_op{triangle("triu", triangle_kernel<false>, triu)};

}  // namespace

Var transpose(Arg x, std::vector<int> order) {
  const int rank = x.rank();
  std::vector<bool> named(static_cast<std::size_t>(rank), false);
  Indices from_right;
  bool moves = false;
  for (int axis : order) {
    const int at = normalize_axis(axis, x.type(), "transpose", x.where);
    if (named[static_cast<std::size_t>(at)])
      throw Error("transpose", "axis " + std::to_string(axis) + " is named twice for " + x.type().str(),
                  x.where);
    named[static_cast<std::size_t>(at)] = true;
    moves = moves || at != static_cast<int>(from_right.size());
    from_right.push_back(at - rank);
  }
  if (static_cast<int>(order.size()) != rank)
    throw Error("transpose",
                "the order names " + std::to_string(order.size()) + " axes, the operand is " +
                    x.type().str() + "; each axis has to be named once",
                x.where);
  if (!moves) return x;
  int first = 0;  // axes before the first that moves are left out
  while (from_right[static_cast<std::size_t>(first)] == first - rank) ++first;
  from_right.erase(from_right.begin(), from_right.begin() + first);
  return apply(transpose_op, {x}, {{"order", from_right}});
}

Var transpose(Arg x) {
  const int rank = x.rank();
  if (rank < 2) throw Error("transpose", "needs two axes to swap, the operand is " + x.type().str(), x.where);
  std::vector<int> order = follow_all(rank);
  std::swap(order[static_cast<std::size_t>(rank - 1)], order[static_cast<std::size_t>(rank - 2)]);
  return transpose(x, order);
}

Var flip(Arg x, Axes axes) {
  const Indices from_right = axes.from_right(x.type(), "flip", x.where);
  return from_right.empty() ? x.var : apply_flip(x, from_right);
}

Var tril(Arg x, int diagonal) { return apply(tril_op, {x}, {{"diagonal", Index{diagonal}}}); }

Var triu(Arg x, int diagonal) { return apply(triu_op, {x}, {{"diagonal", Index{diagonal}}}); }

}  // namespace tapir
