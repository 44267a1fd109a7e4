// What the rows of a triangular matrix are made of: triangle_rows.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <vector>

#include <tapir/autodiff/exec/pool.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/linalg.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/rows.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir {
namespace {

using ops::require;

std::vector<Type> triangle_type(const Signature& s) {
  require(is_floating(s[0].dtype), "is not defined for " + s[0].str() + "; cast it");
  require(s[0].shape.rank() >= 2 && s[0].shape[-1] == s[0].shape[-2],
          "x is " + s[0].str() + "; it has to be square");
  return std::vector<Type>(3, {s[0].dtype, s[0].shape.without(-1)});
}

constexpr Index piece_elements = 1 << 15;

// Row i of a matrix: its squares before i, element i, and the magnitudes behind.
template <class T>
void rows_of(const T* x, Index n, T* left, T* diagonal, T* right) {
  for (Index i = 0; i < n; ++i, x += n) {
    T squares = 0, magnitudes = 0;
    for (Index j = 0; j < i; ++j) squares += x[j] * x[j];
    for (Index j = i + 1; j < n; ++j) magnitudes += std::abs(x[j]);
    left[i] = squares;
    diagonal[i] = x[i];
    right[i] = magnitudes;
  }
}

Kernel triangle_kernel(const Signature& s) {
  const Index n = s[0].shape.back(), count = s[0].shape.take_front(s[0].shape.rank() - 2).size();
  const Index pieces = std::clamp<Index>(s[0].shape.size() / piece_elements, 1, std::max<Index>(count, 1));
  return dispatch(s[0].dtype, [&](auto zero) {
    using T = std::conditional_t<std::is_same_v<decltype(zero), float>, float, double>;
    return Kernel([n, count, pieces](const Buffers& b) {
      b.pool.run(pieces, [&](Index piece, int) {
        for (Index i = count * piece / pieces; i < count * (piece + 1) / pieces; ++i)
          rows_of(b.input<T>(0) + i * n * n, n, b.output<T>(0) + i * n, b.output<T>(1) + i * n,
                  b.output<T>(2) + i * n);
      });
    });
  });
}

Var column(const Var& x) { return expand_dims(x, -1); }

// A sum of what there is.
Var added(const std::optional<Var>& sum, const Var& term) { return sum ? *sum + term : term; }

Tangents pull_triangle(const Recorded& r, const Tangents& g) {
  const Var& x = r.inputs[0];
  std::optional<Var> by;
  if (g[0]) by = 2 * tril(x, -1) * column(*g[0]);
  if (g[1]) by = added(by, diag_embed(*g[1]));
  if (g[2]) by = added(by, sign(triu(x, 1)) * column(*g[2]));
  return {by};
}

Tangents push_triangle(const Recorded& r, const Tangents& t) {
  const Var& x = r.inputs[0];
  return {sum(2 * tril(x, -1) * *t[0], -1), diag(*t[0]), sum(sign(triu(x, 1)) * *t[0], -1)};
}

const Op triangle_op{{.name = "triangle_rows",
                      .shape = triangle_type,
                      .kernel = triangle_kernel,
                      .follows =
                          [](const Signature& s, int, int) {
                            std::vector<int> axes;
                            for (int axis = 0; axis < s[0].shape.rank() - 1; ++axis) axes.push_back(axis);
                            return axes;
                          },
                      .vjp = pull_triangle,
                      .jvp = push_triangle,
                      .samples = {{{{{3, 3}}}}, {{{{2, 1, 2, 2}}}}, {{{{1, 1}}}}}}};

}  // namespace

TriangleRows triangle_rows(Arg x) {
  const std::vector<Var> rows = apply_all(triangle_op, std::span(&x, 1));
  return {rows[0], rows[1], rows[2]};
}

}  // namespace tapir
