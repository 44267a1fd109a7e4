// Diagonals: diag, diag_embed, trace.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include <tapir/autodiff/ops/box.hpp>
#include <tapir/autodiff/ops/linalg.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/rows.hpp>

namespace tapir {
namespace {

using ops::BoxCopy;
using ops::Lattice;
using ops::require;

const std::vector<DType> every_dtype{f32, f64, i64};

// Where the diagonals of [.., n, n] lie, for a box [.., n].
Lattice diagonals(const Shape& square) {
  Lattice result = Lattice::dense(square);
  result.strides[static_cast<std::size_t>(square.rank() - 2)] = square.back() + 1;
  return result;
}

std::vector<int> follow_leading(int rank) {
  std::vector<int> axes;
  for (int axis = 0; axis < rank; ++axis) axes.push_back(axis);
  return axes;
}

std::vector<Type> diag_type(const Signature& s) {
  require(s[0].shape.rank() >= 2 && s[0].shape[-1] == s[0].shape[-2],
          "x is " + s[0].str() + "; it has to be square");
  return {{s[0].dtype, s[0].shape.without(-1)}};
}

const Op diag_op{
    {.name = "diag",
     .shape = diag_type,
     .kernel =
         [](const Signature& s) {
           const Shape box = s[0].shape.without(-1);
           return Kernel([copy = BoxCopy(box, diagonals(s[0].shape), Lattice::dense(box), s[0].dtype)](
                             const Buffers& b) { copy(b.in[0], b.out[0], b.pool); });
         },
     .follows = [](const Signature& s, int, int) { return follow_leading(s[0].shape.rank() - 1); },
     .vjp = ops::pull([](const Recorded&, const Var& g) { return diag_embed(g); }),
     .linear = true,
     .dtypes = every_dtype,
     .samples = {{{{{3, 3}}}}, {{{{2, 1, 2, 2}}}}, {{{{1, 1}}}}}}};

std::vector<Type> embed_type(const Signature& s) {
  require(s[0].shape.rank() >= 1, "x is " + s[0].str() + "; it needs an axis");
  return {{s[0].dtype, s[0].shape + Shape{s[0].shape.back()}}};
}

Kernel embed_kernel(const Signature& s) {
  const Shape square = embed_type(s)[0].shape;
  const BoxCopy copy(s[0].shape, Lattice::dense(s[0].shape), diagonals(square), s[0].dtype);
  return dispatch(s[0].dtype, [&](auto zero) {
    using T = decltype(zero);
    return Kernel([copy, size = square.size()](const Buffers& b) {
      std::fill_n(b.output<T>(0), size, T{0});
      copy(b.in[0], b.out[0], b.pool);
    });
  });
}

// Rows and columns alike hold one element of x each.
std::vector<int> follow_embedded(const Signature& s, int, int) {
  std::vector<int> axes = follow_leading(s[0].shape.rank());
  axes.push_back(axes.back());
  return axes;
}

const Op embed_op{{.name = "diag_embed",
                   .shape = embed_type,
                   .kernel = embed_kernel,
                   .follows = follow_embedded,
                   .vjp = ops::pull([](const Recorded&, const Var& g) { return diag(g); }),
                   .linear = true,
                   .dtypes = every_dtype,
                   .samples = {{{{{3}}}}, {{{{2, 1, 2}}}}, {{{{1}}}}}}};

}  // namespace

Var diag(Arg x) { return apply(diag_op, {x}); }

Var diag_embed(Arg x) { return apply(embed_op, {x}); }

Var trace(Arg x) {
  return composed(x.where, "trace", {x.var}, [&] { return sum(diag(x), -1); });
}

}  // namespace tapir
