// Prologues and epilogues: products with a vector and reductions inside passes; what they save, and the same bits.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/compile.hpp>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/transforms/grad.hpp>

#include "support/sample.hpp"

using namespace tapir;
using namespace tapir::test;

namespace {

Tensor numbers(const Shape& shape, DType dtype, const char* name) {
  return normal(Key(7, dtype) / name, shape).tensor();
}

// Logistic regression: value and gradient.
std::vector<Var> logistic(const Var& x, const Var& y, const Var& beta) {
  const Var eta = squeeze(matmul(x, expand_dims(beta, 1)), 1);
  const Var log_density = sum(y * eta - softplus(eta));
  return {log_density, grad(log_density, beta)};
}

ProgramFacts facts_of(const Recordable& f, const std::vector<Tensor>& inputs) {
  Compiled compiled(f, {});
  compiled(std::span<const Tensor>(inputs));
  std::vector<Type> types;
  for (const Tensor& input : inputs) types.push_back(input.type());
  return compiled.program(types).facts();
}

void check_bits(const Recordable& f, const std::vector<Tensor>& inputs) {
  Compiled by_operation(f, {.fuse = false});
  const auto results_of = [&](Compiled& c) {
    const auto results = c(std::span<const Tensor>(inputs));
    return std::vector<Tensor>(results.begin(), results.end());
  };
  const std::vector<Tensor> expected = results_of(by_operation);
  for (int threads : {1, 2, 3}) {
    Compiled compiled(f, {.pool = std::make_shared<Pool>(threads)});
    for (int run = 0; run < 2; ++run) {
      const auto results = results_of(compiled);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        INFO("result ", i, " on ", threads, " threads");
        CHECK(identical(results[i], expected[i]));
      }
    }
  }
}

std::vector<Tensor> regression(Index n, Index k, DType dtype) {
  return {numbers({n, k}, dtype, "x"), (normal(Key(8, dtype), {n}) < 0.3).tensor(),
          numbers({k}, dtype, "beta")};
}

}  // namespace

TEST_CASE("ends: a linear model's value and gradient are one pass over its data") {
  const ProgramFacts facts = facts_of(recordable(logistic), regression(2000, 10, f64));
  CHECK(facts.fused_passes == 1);
  CHECK(facts.steps == 1);
  CHECK(facts.arena_bytes == 0);
}

TEST_CASE("ends: and have the bits of the operations one after the other, on any number of threads") {
  for (DType dtype : {f32, f64})
    for (Index n : {600, 1031, 9001, 40000})
      for (Index k : {1, 3, 10, 33, 100}) {
        CAPTURE(n);
        CAPTURE(k);
        check_bits(recordable(logistic), regression(n, k, dtype));
      }
}

TEST_CASE("ends: sums of all elements and of leading axes end the pass that computes them") {
  const auto f = [](const Var& x, const Var& loc, const Var& scale) {
    const Var z = (x - loc) / scale;
    const Var log_density = sum(-0.5 * square(z) - log(scale));
    const auto g = grad(log_density, std::vector<Var>{loc, scale});
    return std::vector<Var>{log_density, g[0], g[1], max(z, 0), sum_squares(z)};
  };
  for (DType dtype : {f32, f64})
    for (const Shape& shape :
         {Shape{700, 6}, Shape{300, 17}, Shape{4100, 10}, Shape{50, 400}, Shape{20000, 3}}) {
      CAPTURE(shape.str());
      const Index inner = shape.back();
      const Tensor scale = exp(numbers({inner}, dtype, "scale")).tensor();
      const std::vector<Tensor> inputs{numbers(shape, dtype, "x"), numbers({inner}, dtype, "loc"), scale};
      check_bits(recordable(f), inputs);
    }
  const std::vector<Tensor> inputs{numbers({2000, 8}, f64, "x"), numbers({8}, f64, "loc"),
                                   exp(numbers({8}, f64, "scale")).tensor()};
  const ProgramFacts facts = facts_of(recordable(f), inputs);
  CHECK(facts.arena_bytes < 2000 * 8 * 8);  // no array of that size is left
}

TEST_CASE("ends: rows of a large array are summed in its pass") {
  const auto f = [](const Var& x) {
    return std::vector<Var>{sum(tanh(x), -1), max(tanh(x), -1), sum(tanh(x))};
  };
  const std::vector<Tensor> inputs{numbers({20000, 18}, f64, "x")};
  CHECK(facts_of(recordable(f), inputs).steps == 1);
  check_bits(recordable(f), inputs);
  check_bits(recordable(f), {numbers({4000, 300}, f32, "x")});
}

TEST_CASE("ends: an operand that is read whole is not computed in the same pass") {
  // A square matrix: the vector has as many elements as the pass.
  const auto f = [](const Var& x, const Var& v) {
    const Var w = tanh(v);
    const Var y = squeeze(matmul(x, expand_dims(w, 1)), 1);
    return std::vector<Var>{y * w, matmul(x, expand_dims(exp(y), 1), {.transpose_a = true}), sum(w * y)};
  };
  for (DType dtype : {f32, f64})
    check_bits(recordable(f), {numbers({1500, 1500}, dtype, "x"), numbers({1500}, dtype, "v")});
}

TEST_CASE(
    "ends: what reads a value later rises to the pass that computes it, if nothing it reads is in between") {
  const auto free = [](const Var& x) {
    const Var y = exp(x);
    const Var early = sum(cos(y)), late = sum(tanh(y) * early);  // tanh(y) waits for the first sum
    return std::vector<Var>{late, sum(sin(y))};                  // sin(y) does not
  };
  check_bits(recordable(free), {numbers({3000}, f64, "x")});
  CHECK(facts_of(recordable(free), {numbers({3000}, f64, "x")}).fused_passes == 2);
}

TEST_CASE("ends: what an upper pass would have to wait for keeps others below") {
  // The pass of sin(y) stands highest. tanh(y) could join it if the sum of cos(y) came before, which reads y itself.
  const auto f = [](const Var& x, const Var& z) {
    const Var y = exp(x), first = tanh(y);
    const Var early = sum(cos(y)), late = sum(first * early);
    const Var high = sum(square(z * exp(sum(z * sum(sin(y))))));
    return std::vector<Var>{late, high};
  };
  check_bits(recordable(f), {numbers({3000}, f64, "x"), numbers({7}, f64, "z")});
  // Here it is the sum of another array that has to rise before.
  const auto g = [](const Var& x, const Var& z) {
    const Var y = exp(x);
    const Var early = sum(cos(z)), late = sum(tanh(y) * early);
    const Var high = sum(square(z * exp(sum(z * sum(sin(y))))));
    return std::vector<Var>{late, high};
  };
  check_bits(recordable(g), {numbers({3000}, f64, "x"), numbers({7}, f64, "z")});
  CHECK(facts_of(recordable(g), {numbers({3000}, f64, "x"), numbers({7}, f64, "z")}).arena_bytes < 3000 * 8);
}

TEST_CASE("ends: a product between a value and the sum of both stays between") {
  const auto f = [](const Var& v, const Var& a) {
    const Var y = tanh(v);
    const Var total = sum(y * matmul(y, a, {.transpose_b = true}));
    return std::vector<Var>{total, grad(total, v)};
  };
  for (Index n : {16, 256, 5000})
    check_bits(recordable(f), {numbers({n, 3}, f64, "v"), numbers({3, 3}, f64, "a")});
}

TEST_CASE("ends: a sum that something waits for, though nobody reads it, has a place") {
  const auto f = [](const Var& x) {
    const Var y = tanh(x);
    return std::vector<Var>{after(x, sum(y)) * 2.0, after(x, sum(y, 0)) + sin(x), after(x, sum(y, 1))};
  };
  check_bits(recordable(f), {numbers({3000, 50}, f64, "x")});
  check_bits(recordable(f), {numbers({200, 7}, f32, "x")});
}

TEST_CASE("ends: batched, with a transposed operand, by row vectors") {
  const auto f = [](const Var& x, const Var& v) {
    const Var row = expand_dims(v, 0);
    const Var y = tanh(matmul(row, x, {.transpose_b = true}));  // [1, n]
    return std::vector<Var>{matmul(y, x), sum(y, 1), grad(sum(square(y)), v)};
  };
  for (DType dtype : {f32, f64})
    check_bits(recordable(f), {numbers({5000, 12}, dtype, "x"), numbers({12}, dtype, "v")});
  const auto batched = [](const Var& x, const Var& v) {
    return std::vector<Var>{tanh(matmul(x, v)), sum(tanh(matmul(x, v)), Axes{0, 1})};
  };
  check_bits(recordable(batched), {numbers({30, 50, 12}, f64, "x"), numbers({12, 1}, f64, "v")});
}
