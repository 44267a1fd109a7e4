// A replayed step takes no memory from the heap, whatever it runs.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/compile.hpp>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/learn/trainer.hpp>
#include <tapir/autodiff/ops/gemm.hpp>
#include <tapir/autodiff/ops/onednn.hpp>
#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/transforms/scan.hpp>

#include "support/allocations.hpp"
#include "support/environment.hpp"
#include "support/sample.hpp"

using namespace tapir;
using namespace tapir::test;

namespace {

Tensor numbers(const Shape& shape, DType dtype = f64) {
  return normal(Key(11, dtype) / shape.str(), shape).tensor();
}

template <class F>
std::size_t allocations_of(const F& f) {
  const AllocationCount allocations;
  f();
  return allocations.count();
}

/// The heap allocations of five replays on `inputs`, on one thread and on two. Three calls come first: two record, and
/// BLAS keeps the buffers it takes.
std::vector<std::size_t> replayed(const Recordable& f, const std::vector<Tensor>& inputs) {
  std::vector<std::size_t> counts;
  for (int threads : {1, 2}) {
    Compiled compiled(f, {.pool = std::make_shared<Pool>(threads)});
    for (int i = 0; i < 3; ++i) compiled(std::span<const Tensor>(inputs));
    counts.push_back(allocations_of([&] {
      for (int i = 0; i < 5; ++i) compiled(std::span<const Tensor>(inputs));
    }));
  }
  return counts;
}

const std::vector<std::size_t> none = {0, 0};

template <class F>
std::vector<std::size_t> replayed(F f, const std::vector<Tensor>& inputs) {
  return replayed(recordable(std::move(f)), inputs);
}

/// f and the gradient of the sum of its results by x.
template <class F>
auto with_gradient(F f) {
  return [f](const Var& x) {
    const Var y = f(x);
    return std::vector<Var>{y, grad(sum(y * cos(y)), x)};
  };
}

}  // namespace

TEST_CASE("allocations: they are seen") {
  if (!allocations_are_counted()) return;
  Compiled f = compile([](const Var& x) { return exp(x); });
  CHECK(allocations_of([&] { f(Tensor(1.0)); }) > 0);
  CHECK(allocations_of([] { const auto kept = std::make_shared<double>(); }) == 1);
}

TEST_CASE("allocations: elementwise programs, reductions and structure") {
  if (!allocations_are_counted()) return;
  for (DType dtype : {f32, f64}) {
    const Tensor x = numbers({300, 200}, dtype);
    CHECK(replayed(with_gradient([](const Var& a) { return tanh(a) * 2.0 + sigmoid(a * a); }), {x}) == none);
    CHECK(replayed(with_gradient([](const Var& a) { return softmax(a, 0) + log_softmax(a); }), {x}) == none);
    CHECK(replayed(
              with_gradient([](const Var& a) { return logsumexp(a, 1) + var(a, 1) + norm(a) + max(a, 1); }),
              {x}) == none);
    CHECK(replayed(with_gradient([](const Var& a) {
                     return pad(slice(transpose(flip(a, 0)), 0, 10, 90, 3), {{1, 1}, {2, 0}});
                   }),
                   {x}) == none);
    CHECK(replayed(with_gradient([](const Var& a) { return cumsum(concat({a, a}, 1), 0); }), {x}) == none);
  }
}

TEST_CASE("allocations: products and linear algebra") {
  if (!allocations_are_counted()) return;
  for (DType dtype : {f32, f64}) {
    const Tensor x = numbers({12, 20, 20}, dtype);
    const auto positive = [](const Var& a) { return matmul(a, transpose(a)) + eye(20, *a.dtype()).tensor(); };
    CHECK(replayed(with_gradient([](const Var& a) { return matmul(a, transpose(a)); }), {x}) == none);
    CHECK(replayed(with_gradient([](const Var& a) { return einsum("bij,bkj->ik", a, a); }), {x}) == none);
    CHECK(replayed(with_gradient([&](const Var& a) { return cholesky(positive(a)); }), {x}) == none);
    CHECK(replayed(with_gradient([&](const Var& a) { return logdet(positive(a)); }), {x}) == none);
    CHECK(replayed(with_gradient([&](const Var& a) { return cholesky_solve(cholesky(positive(a)), a); }),
                   {x}) == none);
    CHECK(replayed(with_gradient([](const Var& a) {
                     return cholesky(matmul(a, a, {.transpose_b = true}) + 100.0 * eye(150, *a.dtype()));
                   }),
                   {numbers({150, 160}, dtype)}) == none);
    const Tensor large = numbers({400, 300}, dtype);
    CHECK(replayed(with_gradient([](const Var& a) { return matmul(a, a, {.transpose_b = true}); }),
                   {large}) == none);
    CHECK(replayed(
              with_gradient([](const Var& a) { return matmul(a, sum(a, 0, true), {.transpose_b = true}); }),
              {large}) == none);
  }
}

TEST_CASE("allocations: what the libraries take inside their products is theirs, and bounded") {
  if (!allocations_are_counted()) return;
  const auto taken = [](const std::string& library, Precision precision, int threads) {
    const Environment chosen("TAPIR_BLAS", library);
    const std::vector<Tensor> inputs = {numbers({400, 200}, f32), numbers({200, 300}, f32)};
    const auto product = [=](const Var& a, const Var& b) { return matmul(a, b, {.precision = precision}); };
    Compiled compiled(recordable(product), {.pool = std::make_shared<Pool>(threads)});
    for (int i = 0; i < 3; ++i) compiled(std::span<const Tensor>(inputs));
    // On the average of many runs: a thread that gets its first piece only now takes its buffers now.
    constexpr std::size_t runs = 50;
    const AllocationCount allocations;
    for (std::size_t i = 0; i < runs; ++i) compiled(std::span<const Tensor>(inputs));
    CHECK(allocations.count() == 0);
    return allocations.in_blas() / runs;
  };
  const auto pieces = static_cast<std::size_t>(ops::cut({f32, false, false, 400, 300, 200}).pieces);
  for (int threads : {1, 2}) {
    CHECK(taken("openblas", Precision::full, threads) <= pieces);
    if (ops::onednn::found()) CHECK(taken("onednn", Precision::full, threads) <= pieces);
    if (ops::onednn::lacks_bf16().empty()) CHECK(taken("", Precision::bf16, threads) <= 6 * pieces);
  }
}

TEST_CASE("allocations: orders and indices") {
  if (!allocations_are_counted()) return;
  for (DType dtype : {f32, f64}) {
    const Tensor x = numbers({40, 200}, dtype);
    CHECK(replayed(with_gradient([](const Var& a) { return sort(a) + sort(a, 0); }), {x}) == none);
    CHECK(replayed(with_gradient([](const Var& a) { return top_k(a, 5).values; }), {x}) == none);
    CHECK(replayed(with_gradient([](const Var& a) { return take(a, argmax(a, 0)); }), {x}) == none);
    CHECK(replayed(with_gradient([](const Var& a) { return gather(a, expand_dims(argmax(a), 1)); }), {x}) ==
          none);
    CHECK(replayed(with_gradient([](const Var& a) {
                     return scatter_add(a, argmax(a, 0), broadcast_to(slice(a, 0, 0, 1), {200, 200}));
                   }),
                   {x}) == none);
  }
}

TEST_CASE("allocations: a loop and its gradient") {
  if (!allocations_are_counted()) return;
  const auto loop = [](const Var& x) {
    const auto result = scan(
        [&](std::span<const Var> c, std::span<const Var> xs, const Var& i) -> ScanStep {
          const Var next = tanh(c[0] + xs[0] * cast(i, f64));
          return {{next}, {sum(next)}};
        },
        {zeros({f64, {30}})}, {x}, {});
    return result.carry[0] + sum(result.outputs[0]);
  };
  CHECK(replayed(with_gradient(loop), {numbers({20, 30})}) == none);
}

TEST_CASE("allocations: a training step of a network with Adam") {
  if (!allocations_are_counted()) return;
  for (int threads : {1, 2}) {
    Params params(3, f32);
    const auto law = initialisers::glorot_normal();
    (params / "hidden").param("weight", {70, 130}, law);
    (params / "hidden").param("bias", {130}, initialisers::zeros());
    (params / "out").param("weight", {130, 10}, law);
    const auto loss = [params](const Var& x, const Var& y) {
      const Var h = relu(matmul(x, params["hidden/weight"]) + params["hidden/bias"]);
      return -mean(sum(log_softmax(matmul(h, params["out/weight"])) * y, 1));
    };
    Trainer trainer(params, loss, chain(clip_by_norm(1.0), adam(1e-3)), {.threads = threads});
    const Tensor x = numbers({128, 70}, f32), y = softmax(numbers({128, 10}, f32)).tensor();
    for (int i = 0; i < 3; ++i) trainer.step(x, y);
    const auto count = allocations_of([&] {
      for (int i = 0; i < 5; ++i) trainer.step(x, y);
    });
    CHECK(count == 0);
  }
}

TEST_CASE("allocations: a step of an autoencoder whose code is drawn") {
  if (!allocations_are_counted()) return;
  for (int threads : {1, 2}) {
    Params params(3, f32);
    const auto law = initialisers::glorot_normal();
    for (const char* name : {"loc", "log_scale"}) (params / name).param("weight", {64, 8}, law);
    (params / "decode").param("weight", {8, 64}, law);
    const auto loss = [params](const Key& key, const Var& x) {
      const Var loc = matmul(x, params["loc/weight"]), log_scale = matmul(x, params["log_scale/weight"]);
      const Var z = loc + exp(log_scale) * normal(key / "z", loc.shape());
      const Var kl = sum(0.5 * (exp(2.0 * log_scale) + square(loc) - 1.0) - log_scale, 1);
      const Var logits = matmul(z, params["decode/weight"]);
      const Var kept = uniform(key / "drop", x.shape()) < 0.9;
      return mean(kl - sum((x * logits - softplus(logits)) * kept, 1));
    };
    Trainer trainer(params, loss, adam(1e-3), {.threads = threads, .seed = 1});
    const Tensor x = sigmoid(numbers({100, 64}, f32)).tensor();
    for (int i = 0; i < 3; ++i) trainer.step(x);
    const auto count = allocations_of([&] {
      for (int i = 0; i < 5; ++i) trainer.step(x);
    });
    CHECK(count == 0);
  }
}

TEST_CASE("allocations: a new batch in the same types, and a result that is let go, cost nothing") {
  if (!allocations_are_counted()) return;
  Compiled f = compile([](const Var& x) { return exp(x); });
  const std::vector<Tensor> batches[] = {{numbers({50, 3})}, {numbers({3, 50}).reshaped({50, 3})}};
  for (int i = 0; i < 4; ++i) f(std::span<const Tensor>(batches[i % 2]));
  const auto count = allocations_of([&] {
    for (int i = 0; i < 4; ++i) f(std::span<const Tensor>(batches[i % 2]));
  });
  CHECK(count == 0);
}

TEST_CASE("allocations: every row, at each of its samples") {
  if (!allocations_are_counted()) return;
  for (const Op* op : Op::all())
    for (std::size_t s = 0; s < (*op)->samples.size(); ++s) {
      const Sample& sample = (*op)->samples[s];
      for (DType dtype : (*op)->dtypes) {
        INFO(op->name(), ", sample ", s, ", ", name_of(dtype));
        Generator random(s);
        const std::vector<Tensor> inputs = test::make(sample, dtype, random);
        CHECK(replayed(Recordable([&](std::span<const Var> xs) {
                         const std::vector<Arg> operands(xs.begin(), xs.end());
                         return apply_all(*op, operands, sample.attrs);
                       }),
                       inputs) == none);
      }
    }
}
