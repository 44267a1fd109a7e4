// Products: matmul, dot, outer.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/gemm.hpp>
#include <tapir/autodiff/ops/leading.hpp>
#include <tapir/autodiff/ops/linalg.hpp>
#include <tapir/autodiff/ops/onednn.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/rows.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/autodiff/ops/vector_product.hpp>

namespace tapir {
namespace {

using ops::Leading;
using ops::Product;
using ops::require;

struct Flags {
  bool a, b;
  Precision precision;
  explicit Flags(const Attrs& attrs)
      : a(attrs.flag("transpose_a")),
        b(attrs.flag("transpose_b")),
        precision(attrs.has("precision") ? Precision::bf16 : Precision::full) {}
};

Attrs flags(bool a, bool b, Precision precision = Precision::full) {
  Attrs attrs{{"transpose_a", Index{a}}, {"transpose_b", Index{b}}};
  if (precision == Precision::bf16) attrs.set("precision", "bf16");
  return attrs;
}

Product product_of(const Signature& s) {
  const Flags f(s.attrs);
  const Shape &a = s[0].shape, &b = s[1].shape;
  return {s[0].dtype, f.a, f.b, a[f.a ? -1 : -2], b[f.b ? -2 : -1], a[f.a ? -2 : -1]};
}

std::vector<Type> matmul_type(const Signature& s) {
  const DType dtype = ops::common_dtype(s);
  const Flags f(s.attrs);
  const auto tell = [&](std::size_t i, bool transposed) {
    return s[i].str() + (transposed ? " transposed" : "");
  };
  const std::string both = "a is " + tell(0, f.a) + ", b is " + tell(1, f.b);
  require(is_floating(dtype), "is not defined for i64: " + both + "; cast both");
  if (f.precision == Precision::bf16) {
    require(dtype == f32, "precision bf16 is for f32: " + both);
    const std::string lacking = ops::onednn::lacks_bf16();
    require(lacking.empty(), "precision bf16 is not to be had: " + lacking);
  }
  require(s[0].shape.rank() >= 2 && s[1].shape.rank() >= 2,
          "a vector is not taken: " + both + "; expand_dims says which side of the product it is");
  const Product p = product_of(s);
  require(p.k == s[1].shape[f.b ? -1 : -2], "inner dimensions differ: " + both);
  require(std::max({p.m, p.n, p.k}) <= std::numeric_limits<int>::max(),
          "an axis is too long for BLAS: " + both);
  return {{dtype, Leading(s[0], s[1]).shape + Shape{p.m, p.n}}};
}

// As one product, or several of one shape.
ops::Products products_of(const Signature& s) {
  Product product = product_of(s);
  Leading lead(s[0], s[1]);
  constexpr Index most_rows = 1 << 30;
  if (lead.count_b == 1 && !product.transpose_a && product.m * lead.count <= most_rows) {
    product.m *= lead.count;  // one right factor for all: their rows are one matrix
    lead.count = lead.count_a = 1;
  }
  return {product, lead.count, lead.count_a, lead.count_b};
}

Kernel matmul_kernel(const Signature& s) {
  const ops::Products products = products_of(s);
  if (Flags(s.attrs).precision == Precision::bf16) return ops::bf16_kernel_of(products);
  return ops::is_vector_product(products.each) ? ops::vector_kernel_of(products) : ops::kernel_of(products);
}

// A rule for one product in full precision.
template <class R>
std::function<std::optional<R>(const Signature&)> for_one(std::optional<R> (*rule)(const Product&)) {
  return [rule](const Signature& s) -> std::optional<R> {
    const ops::Products products = products_of(s);
    if (products.count != 1 || Flags(s.attrs).precision == Precision::bf16) return std::nullopt;
    return rule(products.each);
  };
}

// Rows of the result follow a's, columns b's.
std::vector<int> follow_matmul(const Signature& s, int, int input) {
  const Flags f(s.attrs);
  const int rank = s[static_cast<std::size_t>(input)].shape.rank();
  std::vector<int> axes = Leading(s[0], s[1]).follow(rank);
  if (input == 0)
    *(axes.end() - 2) = f.a ? rank - 1 : rank - 2;
  else
    *(axes.end() - 1) = f.b ? rank - 2 : rank - 1;
  return axes;
}

// With one right factor per particle, inner batches of a become rows of one matrix.
std::vector<Var> batch_matmul(const Recorded& r, std::span<const Widened> in, Index count) {
  const Flags f(r.attrs);
  const MatmulOptions options{f.a, f.b, f.precision};
  const Shape a = r.inputs[0].shape();
  if (in[1].batched && r.inputs[1].rank() == 2 && a.rank() > 2 && !f.a) {
    const Shape outer = in[0].batched ? Shape{count} : Shape{};
    const Shape rows = a.take_front(a.rank() - 1);
    const Var result =
        matmul(reshape(in[0].value, outer + Shape{rows.size(), a.back()}), in[1].value, options);
    return {reshape(result, Shape{count} + rows + Shape{result.shape().back()})};
  }
  const auto [x, y] = ops::align(in, count);
  return {matmul(x, y, options)};
}

// An operand that lacks outer axes gets the sum over them: they are folded into what the product sums over.
Tangents matmul_back(const Recorded& r, const Tangents& cotangents) {
  const Flags f(r.attrs);
  const Var &a = r.inputs[0], &b = r.inputs[1], &g = *cotangents[0];
  const int lacking_a = g.rank() - a.rank(), lacking_b = g.rank() - b.rank();
  Tangents result(2);
  if (r.needs[0]) {
    const Var gn = ops::fold_outer(g, lacking_a, false);
    const Var bn = ops::fold_outer(b, lacking_a, f.b);
    result[0] = f.a ? matmul(bn, gn, {f.b, true, f.precision}) : matmul(gn, bn, {false, !f.b, f.precision});
  }
  if (r.needs[1]) {
    const Var gm = ops::fold_outer(g, lacking_b, true);
    const Var am = ops::fold_outer(a, lacking_b, !f.a);
    result[1] = f.b ? matmul(gm, am, {true, f.a, f.precision}) : matmul(am, gm, {!f.a, false, f.precision});
  }
  return result;
}

std::vector<Sample> matmul_samples() {
  return {{{{{3, 4}}, {{4, 2}}}, flags(false, false)},
          {{{{4, 3}}, {{2, 4}}}, flags(true, true)},
          {{{{1, 4}}, {{4, 5}}}, flags(false, false)},
          {{{{3, 4}}, {{4, 1}}}, flags(false, false)},
          {{{{4, 3}}, {{4, 1}}}, flags(true, false)},
          {{{{2, 3, 4}}, {{4, 2}}}, flags(false, false)},
          {{{{2, 4, 3}}, {{4, 2}}}, flags(true, false)},
          {{{{3, 4}}, {{2, 2, 4}}}, flags(false, true)},
          {{{{2, 1, 3, 4}}, {{2, 1, 4, 2}}}, flags(false, false)},
          {{{{2, 3, 2, 2}}, {{3, 2, 2}}}, flags(false, true)},
          {{{{3, 2, 1}}, {{2, 3, 2, 1}}}, flags(true, false)}};
}

const Op matmul_op{{.name = "matmul",
                    .shape = matmul_type,
                    .kernel = matmul_kernel,
                    .prologue = for_one(ops::vector_prologue_of),
                    .epilogue = for_one(ops::vector_epilogue_of),
                    .follows = follow_matmul,
                    .batch = batch_matmul,
                    .vjp = matmul_back,
                    .bilinear = true,
                    .samples = matmul_samples()}};

}  // namespace

Var matmul(Arg a, Arg b, MatmulOptions options) {
  return apply(matmul_op, {a, b}, flags(options.transpose_a, options.transpose_b, options.precision));
}

Var dot(Arg a, Arg b) {
  if (a.rank() < 1 || b.rank() < 1 || a.shape().back() != b.shape().back())
    throw Error("dot", "the last axes differ: " + a.type().str() + " and " + b.type().str(), a.where);
  return composed(a.where, "dot", {a.var, b.var}, [&] { return sum(a * b, -1); });
}

Var outer(Arg a, Arg b) {
  if (a.rank() != 1 || b.rank() != 1)
    throw Error("outer", "needs two vectors: " + a.type().str() + " and " + b.type().str(), a.where);
  return composed(a.where, "outer", {a.var, b.var}, [&] { return expand_dims(a, 1) * expand_dims(b, 0); });
}

}  // namespace tapir
