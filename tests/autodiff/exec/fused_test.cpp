// Fused passes: longer than a tile, they give the bits of one operation after the other.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/compile.hpp>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/structure.hpp>

using namespace tapir;

namespace {

constexpr Index elements = 5000;  // about ten tiles, the last of them partial

Tensor values(DType dtype, double from, double step) {
  Tensor result(Type{dtype, {elements}});
  dispatch(dtype, [&](auto zero) {
    using T = decltype(zero);
    Index i = 0;
    for (T& x : result.mutable_view<T>()) x = static_cast<T>(from + step * static_cast<double>(i++));
  });
  return result;
}

// A number that is read more than once, and whose last reader is followed by values that need room.
Var constants_read_twice(const Var& x, const Var& y) {
  const Var a = 2.0 * x, b = 2.0 * y;
  const Var c = a * b + 0.5, d = (a - b) * 0.5;
  return tanh(c) * 2.0 - exp(d) / (c + 0.5);
}

// A row under every row of a matrix: it is stretched anew in each tile.
Var a_row_and_constants(const Var& x, const Var& y) {
  const Var matrix = reshape(x, {50, 100}), row = slice(y, 0, 0, 100);
  const Var sum = 3.0 * row + matrix;
  return reshape(square(sum) * row - 3.0 * matrix + sigmoid(sum), {elements});
}

}  // namespace

TEST_CASE("fused: what is stretched into a pass is there in every tile, however often it is read") {
  for (const DType dtype : {f32, f64})
    for (const auto& f : {constants_read_twice, a_row_and_constants}) {
      const Tensor x = values(dtype, -1.0, 4e-4), y = values(dtype, 0.5, -3e-4);
      const Tensor at_once = f(x, y).tensor();
      for (const bool fuse : {true, false})
        for (const int threads : {1, 3}) {
          Compiled program = compile([&](Var a, Var b) { return f(a, b); },
                                     {.pool = std::make_shared<Pool>(threads), .fuse = fuse});
          CHECK(identical(program(x, y)[0], at_once));
        }
    }
}
