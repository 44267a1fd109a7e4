// Saved training: goes on bit for bit, or changes nothing.
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <tapir/autodiff/interop/safetensors.hpp>
#include <tapir/autodiff/interop/saved.hpp>
#include <tapir/autodiff/learn/trainer.hpp>
#include <tapir/autodiff/ops/ops.hpp>

#include "damage.hpp"

namespace tapir::test {
namespace {

using Values = std::map<std::string, Tensor>;

bool same_bits(const Values& a, const Values& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && identical(x.second, y.second);
  });
}

struct Training {
  Params params{4, f32};
  Var weight = (params / "net").param("weight", {3, 2}, initialisers::glorot_uniform());
  Var bias = (params / "net").param("bias", {2}, initialisers::zeros());
  Trainer trainer{params,
                  [w = weight, b = bias](const Key& key, Var x) {
                    return mean(square(matmul(x, w) + b + normal(key / "noise", {4, 2}) - 1.0));
                  },
                  average(adam(exponential(0.1, {.decay = 0.5, .steps = 10}))), TrainerOptions{.seed = 8}};

  void run(int steps) {
    for (int i = 0; i < steps; ++i) trainer.step(normal(Key(i, f32), {4, 3}).tensor());
  }
};

}  // namespace

TEST_CASE("saved training resumes bit for bit") {
  const TemporaryFolder folder;
  Training whole;
  whole.run(5);
  Training first;
  first.run(5);
  save_training(folder / "training.safetensors", first.params, first.trainer.state());
  Training second;
  load_training(folder / "training.safetensors", second.params, second.trainer.state());
  CHECK(second.trainer.state().steps() == 5);
  whole.run(5);
  second.run(5);
  CHECK(same_bits(whole.params.values(), second.params.values()));
  CHECK(same_bits(whole.trainer.state().values(), second.trainer.state().values()));
}

TEST_CASE("saved parameters load into the same model, while programs exist") {
  const TemporaryFolder folder;
  Training trained;
  trained.run(3);
  save_params(folder / "w.safetensors", trained.params);
  Training other;
  other.run(1);
  load_params(folder / "w.safetensors", other.params);
  CHECK(same_bits(trained.params.values(), other.params.values()));
  other.run(1);
  CHECK(!same_bits(trained.params.values(), other.params.values()));
}

TEST_CASE("a file that does not fit is one clear error and changes nothing") {
  const TemporaryFolder folder;
  Training training;
  training.run(2);
  const auto path = folder / "t.safetensors";
  const Values params = training.params.values();
  const Values state = training.trainer.state().values();
  const auto complaint_of = [&](const Values& tensors) {
    save_safetensors(path, {tensors, {}});
    return complaint(path, "load_params", [&] { load_params(path, training.params); });
  };
  CHECK(complaint_of({{"net/bias", Tensor(Type{f32, {2}})}}) ==
        "these are not the values of the parameters: \"net/weight\" is missing");
  CHECK(complaint_of({{"net/bias", Tensor(Type{f32, {2}})},
                      {"net/weight", Tensor(Type{f64, {3, 2}})},
                      {"more", Tensor(1.0)}}) ==
        "these are not the values of the parameters: \"net/weight\" is f32[3,2], the value f64[3,2]; "
        "\"more\" is unknown");

  save_params(path, training.params);
  CHECK(complaint(path, "load_training",
                  [&] { load_training(path, training.params, training.trainer.state()); }) ==
        "the tensor \"net/bias\" is neither of the parameters nor of the trainer; such a file is written by "
        "save_training, one of parameters alone is read by load_params");

  // The parameters fit, the state does not.
  Training other;
  other.run(1);
  TrainerState less;
  prepare(less, other.params, sgd(0.1));
  save_training(path, other.params, less);
  CHECK(complaint(path, "load_training", [&] {
          load_training(path, training.params, training.trainer.state());
        }).starts_with("these are not the values of the trainer's state: \"adam/net/weight/m\" is missing"));
  CHECK(same_bits(training.params.values(), params));
  CHECK(same_bits(training.trainer.state().values(), state));
}

TEST_CASE("a truncated or foreign file changes nothing") {
  const TemporaryFolder folder;
  Training training;
  training.run(2);
  const auto path = folder / "t.safetensors";
  save_training(path, training.params, training.trainer.state());
  training.run(1);
  const Values params = training.params.values();
  const Values state = training.trainer.state().values();
  const std::string intact = content_of(path);
  for (std::size_t size : {std::size_t{0}, std::size_t{7}, intact.size() / 2, intact.size() - 1}) {
    with_content(path, intact.substr(0, size));
    CHECK_THROWS_AS(load_training(path, training.params, training.trainer.state()), Error);
  }
  with_content(path, "\x89PNG\r\n\x1a\n and so on");
  CHECK_THROWS_AS(load_training(path, training.params, training.trainer.state()), Error);
  CHECK_THROWS_AS(load_params(folder / "missing", training.params), Error);
  CHECK(same_bits(training.params.values(), params));
  CHECK(same_bits(training.trainer.state().values(), state));
}

}  // namespace tapir::test
