// Factors and solutions: cholesky, triangular_solve, and what is made of them.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include <tapir/autodiff/exec/pool.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/gemm.hpp>
#include <tapir/autodiff/ops/lapack.hpp>
#include <tapir/autodiff/ops/leading.hpp>
#include <tapir/autodiff/ops/linalg.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/rows.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir {
namespace {

using ops::Leading;
using ops::require;

void require_square(const Type& type, const char* name) {
  require(is_floating(type.dtype), "is not defined for " + type.str() + "; cast it");
  require(type.shape.rank() >= 2 && type.shape[-1] == type.shape[-2],
          std::string(name) + " is " + type.str() + "; it has to be square");
}

// How many threads' worth of work `count` pieces of `flops` are.
Index pieces_of(Index count, double flops) {
  constexpr double worth_a_thread = 1e5;  // small factors run far below peak
  constexpr double most = 64;
  const double total = std::min(flops * static_cast<double>(count) / worth_a_thread, most);
  return std::clamp<Index>(static_cast<Index>(total), 1, std::max<Index>(count, 1));
}

template <class F>
void each(Pool& pool, Index pieces, Index count, const F& f) {
  pool.run(pieces, [&](Index piece, int) {
    for (Index i = count * piece / pieces; i < count * (piece + 1) / pieces; ++i) f(i);
  });
}

Var symmetric_part(const Var& x) { return 0.5 * (x + transpose(x)); }

// The lower triangle with its diagonal halved: the lower triangular part of M such that M + M' = x, for symmetric x.
Var half_lower(const Var& x) { return 0.5 * (tril(x) + tril(x, -1)); }

// x op(L)^-1
Var solve_right(const Var& x, const Var& l, bool transposed) {
  return transpose(triangular_solve(l, transpose(x), {.lower = true, .transpose = !transposed}));
}

// ---- cholesky ----

std::vector<Type> cholesky_type(const Signature& s) {
  require_square(s[0], "x");
  return {s[0]};
}

Kernel cholesky_kernel(const Signature& s) {
  const Index n = s[0].shape.back();
  const Index count = ops::leading(s[0].shape).size();
  const double size = static_cast<double>(n);
  ops::prepare_blas();
  return dispatch(s[0].dtype, [&](auto zero) {
    using T = std::conditional_t<std::is_same_v<decltype(zero), float>, float, double>;
    return Kernel([n, count, pieces = pieces_of(count, size * size * size / 3)](const Buffers& b) {
      each(b.pool, pieces, count, [&](Index i) {
        const T* x = b.input<T>(0) + i * n * n;
        T* l = b.output<T>(0) + i * n * n;
        for (Index row = 0; row < n; ++row)
          for (Index column = 0; column < n; ++column)
            l[row * n + column] = column > row ? T{0} : (x[row * n + column] + x[column * n + row]) / 2;
        if (ops::factor(n, l)) return;
        for (Index row = 0; row < n; ++row)
          std::fill_n(l + row * n, row + 1, std::numeric_limits<T>::quiet_NaN());
      });
    });
  });
}

std::vector<int> follow_leading(const Signature& s, int, int) {
  std::vector<int> axes;
  const int rank = s[0].shape.rank();
  for (int axis = 0; axis < rank; ++axis) axes.push_back(axis < rank - 2 ? axis : mixed);
  return axes;
}

// Murray 2016, eq. 10, made symmetric.
Var cholesky_back(const Recorded& r, const Var& g) {
  const Var& l = r.outputs[0];
  const Var inner = half_lower(matmul(l, tril(g), {.transpose_a = true}));
  const Var left = triangular_solve(l, inner, {.lower = true, .transpose = true});
  return symmetric_part(solve_right(left, l, false));
}

// Murray 2016, eq. 8.
Tangents cholesky_push(const Recorded& r, const Tangents& t) {
  const Var& l = r.outputs[0];
  const Var left = triangular_solve(l, symmetric_part(*t[0]));
  return {matmul(l, half_lower(solve_right(left, l, true)))};
}

Operand positive(const Shape& shape) { return {.shape = shape, .fill = Operand::Fill::spd}; }

const Op cholesky_op{
    {.name = "cholesky",
     .shape = cholesky_type,
     .kernel = cholesky_kernel,
     .follows = follow_leading,
     .vjp = ops::pull(cholesky_back),
     .jvp = cholesky_push,
     .samples = {
         {{positive({3, 3})}}, {{positive({2, 4, 4})}}, {{positive({1, 1})}}, {{positive({2, 1, 2, 2})}}}}};

// ---- is_positive_definite ----

std::vector<Type> definite_type(const Signature& s) {
  require_square(s[0], "x");
  return {{s[0].dtype, ops::leading(s[0].shape)}};
}

// 1 if x is positive definite or has a NaN, else 0: by the factor, in `scratch`.
template <class T>
T is_definite(Index n, const T* x, T* scratch) {
  for (Index row = 0; row < n; ++row)
    for (Index column = 0; column <= row; ++column) {
      const T e = (x[row * n + column] + x[column * n + row]) / 2;
      if (std::isnan(e)) return 1;
      scratch[row * n + column] = e;
    }
  return ops::factor(n, scratch) ? 1 : 0;
}

Kernel definite_kernel(const Signature& s) {
  const Index n = s[0].shape.back();
  const Index count = ops::leading(s[0].shape).size();
  ops::prepare_blas();
  return dispatch(s[0].dtype, [&](auto zero) {
    using T = std::conditional_t<std::is_same_v<decltype(zero), float>, float, double>;
    auto scratch = std::make_shared<std::vector<T>>(static_cast<std::size_t>(n * n));
    return Kernel([n, count, scratch](const Buffers& b) {
      for (Index i = 0; i < count; ++i)
        b.output<T>(0)[i] = is_definite(n, b.input<T>(0) + i * n * n, scratch->data());
    });
  });
}

std::vector<int> follow_batch(const Signature& s, int, int) {
  std::vector<int> axes;
  for (int axis = 0; axis < s[0].shape.rank() - 2; ++axis) axes.push_back(axis);
  return axes;
}

const Op definite_op{{.name = "is_positive_definite",
                      .shape = definite_type,
                      .kernel = definite_kernel,
                      .follows = follow_batch,
                      .flow = Flow::zero,
                      .samples = {{{positive({3, 3})}}, {{positive({2, 4, 4})}}}}};

// ---- triangular_solve ----

SolveOptions options_of(const Attrs& attrs) { return {attrs.flag("lower"), attrs.flag("transpose")}; }

Attrs attrs_of(SolveOptions options) {
  return {{"lower", Index{options.lower}}, {"transpose", Index{options.transpose}}};
}

Var triangle_of(const Var& x, SolveOptions options) { return options.lower ? tril(x) : triu(x); }

std::vector<Type> solve_type(const Signature& s) {
  const DType dtype = ops::common_dtype(s);
  require_square(s[0], "a");
  require(s[1].shape.rank() >= 2 && s[1].shape[-2] == s[0].shape[-1],
          "sizes differ: a is " + s[0].str() + ", b is " + s[1].str() + "; b needs as many rows as a");
  return {{dtype, Leading(s[0], s[1]).shape + ops::matrix(s[1].shape)}};
}

Kernel solve_kernel(const Signature& s) {
  const Leading lead(s[0], s[1]);
  const Index n = s[1].shape[-2], m = s[1].shape[-1];
  const SolveOptions options = options_of(s.attrs);
  const double size = static_cast<double>(n);
  ops::prepare_blas();
  return dispatch(s[0].dtype, [&](auto zero) {
    using T = std::conditional_t<std::is_same_v<decltype(zero), float>, float, double>;
    const Index pieces = pieces_of(lead.count, size * size * static_cast<double>(m));
    return Kernel([lead, n, m, options, pieces](const Buffers& b) {
      each(b.pool, pieces, lead.count, [&](Index i) {
        T* x = b.output<T>(0) + i * n * m;
        std::copy_n(b.input<T>(1) + i % lead.count_b * n * m, n * m, x);
        ops::solve({options.lower, options.transpose}, n, m, b.input<T>(0) + i % lead.count_a * n * n, x);
      });
    });
  });
}

std::vector<int> follow_solve(const Signature& s, int, int input) {
  const int rank = s[static_cast<std::size_t>(input)].shape.rank();
  std::vector<int> axes = Leading(s[0], s[1]).follow(rank);
  if (input == 1) axes.back() = rank - 1;
  return axes;
}

std::vector<Var> batch_solve(const Recorded& r, std::span<const Widened> in, Index count) {
  const auto [a, b] = ops::align(in, count);
  return {triangular_solve(a, b, options_of(r.attrs))};
}

// With op(A) X = B: dB = op(A)^-T g, and d op(A) = -dB X', of which the triangle counts.
Tangents solve_back(const Recorded& r, const Tangents& cotangents) {
  const SolveOptions options = options_of(r.attrs);
  const Var &a = r.inputs[0], &b = r.inputs[1], &x = r.outputs[0];
  const Var gb = triangular_solve(a, *cotangents[0], {options.lower, !options.transpose});
  Tangents result(2);
  if (r.needs[0]) {
    const int lacking = x.rank() - a.rank();
    const Var left = ops::fold_outer(options.transpose ? x : gb, lacking, false);
    const Var right = ops::fold_outer(options.transpose ? gb : x, lacking, false);
    result[0] = -triangle_of(matmul(left, right, {.transpose_b = true}), options);
  }
  if (r.needs[1]) {
    std::vector<int> outer;
    for (int axis = 0; axis < x.rank() - b.rank(); ++axis) outer.push_back(axis);
    result[1] = outer.empty() ? gb : sum(gb, Axes(outer));
  }
  return result;
}

Tangents solve_push(const Recorded& r, const Tangents& t) {
  const SolveOptions options = options_of(r.attrs);
  std::optional<Var> right = t[1];
  if (t[0]) {
    const Var moved = -matmul(triangle_of(*t[0], options), r.outputs[0], {.transpose_a = options.transpose});
    right = right ? *right + moved : moved;
  }
  if (!right) return {std::nullopt};
  return {triangular_solve(r.inputs[0], *right, options)};
}

Operand lower(const Shape& shape) { return {.shape = shape, .fill = Operand::Fill::lower}; }

const Op solve_op{{.name = "triangular_solve",
                   .shape = solve_type,
                   .kernel = solve_kernel,
                   .follows = follow_solve,
                   .batch = batch_solve,
                   .vjp = solve_back,
                   .jvp = solve_push,
                   .samples = {{{lower({3, 3}), {{3, 2}}}, attrs_of({true, false})},
                               {{lower({3, 3}), {{3, 1}}}, attrs_of({true, true})},
                               {{positive({2, 2, 2}), {{2, 2, 3}}}, attrs_of({false, false})},
                               {{positive({2, 2}), {{3, 2, 2}}}, attrs_of({false, true})},
                               {{lower({2, 3, 3}), {{3, 2}}}, attrs_of({true, false})},
                               {{lower({1, 1}), {{1, 1}}}, attrs_of({true, false})}}}};

// A factor that is known now is looked at now.
void require_factor(const Var& l, const Arg& x) {
  if (l.is_recorded()) return;
  const Tensor values = l.tensor();
  const Index n = values.shape().back();
  for (Index i = 0; n > 0 && i < values.size() / (n * n); ++i)
    if (std::isnan(values.at(i * n * n)))
      throw Error("cholesky",
                  (values.rank() == 2 ? "x" : "matrix " + std::to_string(i) + " of x") +
                      " is not positive definite: " + x.type().str(),
                  x.where);
}

}  // namespace

Var cholesky(Arg x) {
  Var l = apply(cholesky_op, {x});
  require_factor(l, x);
  return l;
}

Var is_positive_definite(Arg x) { return apply(definite_op, {x}); }

Var triangular_solve(Arg a, Arg b, SolveOptions options) {
  return apply(solve_op, {a, b}, attrs_of(options));
}

Var cholesky_solve(Arg l, Arg b) {
  return composed(l.where, "cholesky_solve", {l.var, b.var}, [&] {
    return triangular_solve(l, triangular_solve(l, b), {.lower = true, .transpose = true});
  });
}

Var logdet(Arg x) {
  return composed(x.where, "logdet", {x.var}, [&] { return 2.0 * sum(log(diag(cholesky(x))), -1); });
}

}  // namespace tapir
