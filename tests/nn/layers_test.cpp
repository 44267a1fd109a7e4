// Layers: shapes, values, paths, errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include <doctest/doctest.h>

#include <tapir/autodiff/autodiff.hpp>
#include <tapir/nn/nn.hpp>

namespace tapir::test {
namespace {

std::vector<double> numbers(const Tensor& x) {
  std::vector<double> result;
  for (Index i = 0; i < x.size(); ++i) result.push_back(x.at(i));
  return result;
}

template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    return Error(error.op(), error.message()).what();
  }
  return "no error";
}

Tensor matrix(Index rows, Index columns, DType dtype = DType::f64) {
  return normal(Key(9, dtype) / "x", {rows, columns}).tensor();
}

// y = x w + b by three loops.
std::vector<double> affine(const Tensor& x, const Tensor& w, const Tensor& b) {
  std::vector<double> y;
  for (Index i = 0; i < x.size() / w.shape()[0]; ++i)
    for (Index j = 0; j < w.shape()[1]; ++j) {
      double total = b.at(j);
      for (Index k = 0; k < w.shape()[0]; ++k)
        total += x.at(i * w.shape()[0] + k) * w.at(k * w.shape()[1] + j);
      y.push_back(total);
    }
  return y;
}

void check_close(const std::vector<double>& actual, const std::vector<double>& expected) {
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i)
    CHECK(actual[i] == doctest::Approx(expected[i]).epsilon(1e-13));
}

// What a model's context looks like to a layer.
struct TestContext {
  Key source;
  bool is_training = true;
  bool training() const { return is_training; }
  Key key(std::string_view name) { return source / name; }
};

}  // namespace

TEST_CASE("linear is x W + b for any leading axes") {
  Params params(1, f64);
  const nn::Linear layer(params / "layer", 3, 4, {.bias_initialiser = initialisers::normal(1)});
  CHECK(params.paths() == std::vector<std::string>{"layer/weight", "layer/bias"});
  CHECK(params.value("layer/weight").shape() == Shape{3, 4});
  const Tensor w = params.value("layer/weight");
  const Tensor b = params.value("layer/bias");
  for (const Shape& shape : {Shape{3}, Shape{5, 3}, Shape{2, 5, 3}, Shape{0, 3}}) {
    const Tensor x = normal(Key(2), shape).tensor();
    const Tensor y = layer(x).tensor();
    CHECK(y.shape() == shape.slice(0, -1) + Shape{4});
    check_close(numbers(y), affine(x, w, b));
  }
}

TEST_CASE("linear without bias has one parameter") {
  Params params(1);
  const nn::Linear layer(params / "layer", 3, 4, {.bias = false});
  CHECK(params.paths() == std::vector<std::string>{"layer/weight"});
  CHECK(numbers(layer(Tensor(Type{f32, {3}})).tensor()) == std::vector<double>{0, 0, 0, 0});
}

TEST_CASE("linear: a wrong operand names the layer and the user's line") {
  Params params(1);
  const nn::Mlp decode(params / "decode", {20, 40, 7});
  const Tensor x = matrix(5, 10, f32);
  const int line = __LINE__ + 2;
  try {
    decode(x);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(Error(error.op(), error.message()).what() ==
          std::string("[linear] \"decode/0\" takes f32[..,20], x is f32[5,10]"));
    CHECK(error.where().line == line);
  }
  CHECK(error_of([&] { decode(matrix(5, 20)); }) == "[linear] \"decode/0\" takes f32[..,20], x is f64[5,20]");
  CHECK(error_of([&] { decode(Tensor(1.0f)); }) == "[linear] \"decode/0\" takes f32[..,20], x is f32[]");
  CHECK(error_of([&] { nn::Linear(params / "empty", 0, 4); }) ==
        "[linear] \"empty\" would map 0 values to 4; both have to be at least 1");
  CHECK(error_of([&] { nn::Mlp(params / "short", {4}); }) ==
        "[mlp] \"short\" has 1 sizes; it needs at least two: what comes in and what goes out");
}

TEST_CASE("recorded layers carry their path and the user's line") {
  Params params(1);
  const nn::Mlp decode(params / "decode", {3, 4, 2});
  auto f = compile([&](Var x) { return decode(x); }, {.parameters = params.binding()});
  const int line = __LINE__ - 1;
  const std::array types{Type{f32, {5, 3}}};
  const Tape& tape = f.program(types).tape();
  int products = 0;
  for (int i = 0; i < tape.size(); ++i)
    if (tape.node(i).op->name() == "matmul") {
      CHECK(tape.node(i).path == "decode/" + std::to_string(products++));
      CHECK(tape.node(i).where.line == line);
    }
  CHECK(products == 2);
}

TEST_CASE("mlp: hidden layers are activated, the last is not") {
  Params params(1, f64);
  const nn::Mlp net(params / "net", {3, 6, 5, 2}, {.activation = tanh});
  CHECK(params.size() == 3 * 6 + 6 + 6 * 5 + 5 + 5 * 2 + 2);
  CHECK(net.layers().size() == 3);
  const Tensor x = matrix(4, 3);
  Tensor h = x;
  for (int layer = 0; layer < 3; ++layer) {
    const std::string path = "net/" + std::to_string(layer);
    auto y = affine(h, params.value(path + "/weight"), params.value(path + "/bias"));
    if (layer < 2)
      for (double& v : y) v = std::tanh(v);
    h = Tensor({4, params.value(path + "/bias").shape()[0]}, std::span<const double>(y));
  }
  check_close(numbers(net(x).tensor()), numbers(h));

  const nn::Mlp rectified(params / "rectified", {3, 6, 2});
  const nn::Mlp custom(params / "custom", {3, 6, 2}, {.activation = [](Var v) { return v * 0.5; }});
  CHECK(rectified(x).shape() == Shape{4, 2});
  CHECK(custom(x).shape() == Shape{4, 2});
}

TEST_CASE("sequential runs layers, functions and lambdas in order") {
  Params params(1, f64);
  const nn::Linear in(params / "in", 3, 4);
  const nn::Linear out(params / "out", 4, 2);
  const nn::Sequential net{in, relu, [](Var h) { return h * 2.0; }, out};
  const Tensor x = matrix(5, 3);
  CHECK(identical(net(x).tensor(), out(relu(in(x)) * 2.0).tensor()));
}

TEST_CASE("dropout drops with its rate and keeps the mean") {
  constexpr double rate = 0.3;
  const Tensor y = nn::dropout(Key(4), Tensor::full({f64, {200, 500}}, 2.0), rate).tensor();
  double dropped = 0;
  for (double v : numbers(y)) {
    CHECK((v == 0 || v == doctest::Approx(2 / 0.7).epsilon(1e-15)));
    dropped += v == 0;
  }
  // Binomial of 100000 at 0.3: at most 5.3 standard deviations, false alarm 1.2e-7.
  CHECK(std::abs(dropped - 30000) < 5.3 * std::sqrt(100000 * 0.3 * 0.7));
}

TEST_CASE("dropout: rate 0 and evaluation pass x on") {
  Params params(0, f64);
  const nn::Dropout drop(params / "drop", 0.5);
  const Tensor x = matrix(4, 5);
  CHECK(identical(nn::dropout(Key(4), x, 0.0).tensor(), x));
  TestContext evaluation{Key(4), false};
  CHECK(identical(drop(evaluation, x).tensor(), x));
}

TEST_CASE("dropout draws under its own path, from a key or a context alike") {
  Params params(0, f64);
  const nn::Dropout first(params / "first", 0.5);
  const nn::Dropout second(params / "second", 0.5);
  const Tensor x = matrix(4, 50);
  TestContext context{Key(4)};
  CHECK(identical(first(context, x).tensor(), first(nn::Noise(Key(4)), x).tensor()));
  CHECK(!identical(first(context, x).tensor(), second(context, x).tensor()));
  CHECK(identical(first(context, x).tensor(), nn::dropout(Key(4) / "first", x, 0.5).tensor()));
}

TEST_CASE("sequential passes noise to the layers that draw") {
  Params params(0, f64);
  const nn::Linear in(params / "in", 3, 40);
  const nn::Dropout drop(params / "drop", 0.5);
  const nn::Sequential net{in, drop, relu};
  TestContext context{Key(4)};
  const Tensor x = matrix(5, 3);
  CHECK(identical(net(context, x).tensor(), relu(drop(context, in(x))).tensor()));
  CHECK(error_of([&] { net(x); }) ==
        "[sequential] a layer draws noise: call it with a Noise or a context first");
}

TEST_CASE("dropout trains, with other elements in each step") {
  Params params(0, f64);
  const nn::Linear layer(params / "layer", 6, 6);
  const nn::Dropout drop(params / "drop", 0.5);
  Trainer trainer(
      params, [&](const Key& key, Var x) { return sum(square(drop(nn::Noise(key), layer(x)))); }, sgd(0.0));
  const Tensor x = matrix(5, 6);
  const double first = trainer.step(x);
  CHECK(trainer.step(x) != first);
  CHECK(trainer.step(x) != first);
}

TEST_CASE("dropout: errors") {
  Params params(0, f64);
  CHECK(error_of([] { nn::dropout(Key(0), Tensor(1.0), 1.0); }) ==
        "[dropout] rate is 1; it has to be a number in [0, 1)");
  CHECK(error_of([&] { nn::Dropout(params / "drop", -0.5); }) ==
        "[dropout] rate is -0.5; it has to be a number in [0, 1)");
  CHECK(error_of([] { compile([](Var x) { return nn::dropout(Key(0), x, 0.5); })(Tensor(1.0)); }) ==
        "[dropout] the key is a plain value: each replay would drop the same elements; make its counter an "
        "input");
}

}  // namespace tapir::test
