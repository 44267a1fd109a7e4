// Svi as a trainer: inputs, errors, state, frozen parameters, layers with noise, and what a step may not do.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/svi.hpp>

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tapir/nn/nn.hpp>
#include <tapir/vi/vi.hpp>

#include "recording.hpp"
#include "support/allocations.hpp"

namespace tapir::vi::test {
namespace {

const std::string file = "svi_test.cpp";
const Normal standard{0, 1};
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

bool same(const std::map<std::string, Tensor>& a, const std::map<std::string, Tensor>& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [name, value] : a)
    if (!b.contains(name) || !identical(value, b.at(name))) return false;
  return true;
}

// A small autoencoder with a coin beside its Normal latent values: amortised, subsampled, both default
// estimators.
struct Autoencoder {
  Params params;
  nn::Linear encode, coin, decode;

  explicit Autoencoder(DType dtype = f64, Index width = 6, Index latent = 2)
      : params(4, dtype),
        encode(params / "encode", width, 2 * latent),
        coin(params / "coin", width, 1),
        decode(params / "decode", latent + 1, width),
        width_(width),
        latent_(latent) {}

  Model guide() const {
    return [this](Context& c, const Var& x) {
      const auto rows = c.plate("rows", 60, x.shape()[0]);
      const Var h = encode(x);
      (void)c.sample("z", Normal{slice(h, -1, 0, latent_), exp(slice(h, -1, latent_, 2 * latent_))});
      (void)c.sample("k", Bernoulli{squeeze(coin(x), -1)});
    };
  }
  Model model() const {
    return [this](Context& c, const Var& x) {
      const auto rows = c.plate("rows", 60, x.shape()[0]);
      const Var z = c.sample("z", iid(standard, {latent_}));
      const Var k = c.sample("k", Bernoulli{0.0});
      const Var logits = decode(concat({z, expand_dims(k, -1)}, -1));
      c.observe("x", Normal{logits, 0.5}, x);
      return logits;
    };
  }

 private:
  Index width_;
  Index latent_;
};

Tensor rows_of(Index count, double start = 0.3) { return irregular({count, 6}, start); }

}  // namespace

// ---- inputs ----

TEST_CASE("svi: any number of inputs, of any dtype, in every form of the call") {
  const auto guide = [](Context& c, const Var&, const Var&) {
    (void)c.sample("w", Normal{c.param("m", 0.0), 0.1});
  };
  const auto model = [](Context& c, const Var& x, const Var& k) {
    const Var w = c.sample("w", standard);
    const auto rows = c.plate("rows", 3);
    c.observe("x", Normal{w, 1}, x);
    c.observe("k", Categorical{stack({0.0 * w, w})}, k);
  };
  const Tensor x({3}, {0.1, 0.2, 0.3});
  const Tensor k({3}, {Index{0}, Index{1}, Index{1}});
  const auto first = [&](const auto& call) {
    Svi svi(Params(0, f64), model, guide, sgd(0.1));
    return call(svi).elbo;
  };
  const double value = first([&](Svi& svi) { return svi.step(x, k); });
  const std::vector<Tensor> both{x, k};
  CHECK(first([&](Svi& svi) { return svi.step({x, k}, {.beta = 1}); }) == value);
  CHECK(first([&](Svi& svi) { return svi.step({x, k}); }) == value);
  CHECK(first([&](Svi& svi) { return svi.step(both); }) == value);
  CHECK(first([&](Svi& svi) { return svi.step(both, {.beta = 1}); }) == value);
  CHECK(std::isfinite(first([&](Svi& svi) { return svi.evaluate(x, k); })));
  CHECK(std::isfinite(first([&](Svi& svi) { return svi.evaluate({x, k}, {.beta = 0.5}); })));
  Svi svi(Params(0, f64), model, guide, sgd(0.1));
  CHECK(svi.sample(x, k).at("w").shape() == Shape{});
  CHECK(svi.sample(both).contains("w"));
  CHECK(svi.log_likelihood(3, x, k).shape() == Shape{});
  CHECK(svi.log_likelihood(3, both).shape() == Shape{});

  const auto alone_guide = [](Context& c) { (void)c.sample("w", Normal{c.param("m", 0.5), 0.1}); };
  const auto alone = [](Context& c) { (void)c.sample("w", standard); };
  Svi without(Params(0, f64), alone, alone_guide, sgd(0.1));
  CHECK(near(without.step().elbo, -kl_normal(0.5, 0.1, 0, 1), 1e-14));
  CHECK(without.sample().contains("w"));
}

TEST_CASE("svi: errors of a call name its line, errors of the model the model's") {
  const auto guide = [](Context& c, const Var&) { (void)c.sample("w", Normal{c.param("m", 0.0), 0.1}); };
  int at = 0;
  const auto model = [&](Context& c, const Var& x) {
    const Var w = c.sample("w", standard);
    const auto rows = c.plate("rows", 3);
    at = __LINE__ + 1;
    c.observe("x", Normal{w, 1}, x);
  };
  Svi svi(Params(0, f64), model, guide, sgd(0.1));
  const Tensor x({3}, {0.1, 0.2, 0.3});
  const std::string wrong_number = "[model] takes 1 input, it was given 2";
  CHECK(error_of([&] { (void)svi.step(x, x); }) == wrong_number + line(__LINE__, file));
  CHECK(error_of([&] { (void)svi.evaluate(x, x); }) == wrong_number + line(__LINE__, file));
  CHECK(error_of([&] { (void)svi.sample(x, x); }) == wrong_number + line(__LINE__, file));
  CHECK(error_of([&] { (void)svi.log_likelihood(2, x, x); }) == wrong_number + line(__LINE__, file));
  const std::string of_model = error_of([&] { (void)svi.step(x.rows(0, 2)); });
  CHECK(of_model ==
        "[observe] site \"x\", plate \"rows\": 2 rows, but the plate was opened with 3" + line(at, file));
  CHECK(error_of([&] { (void)svi.step(x, {.beta = nan}); }) ==
        "[svi] beta is nan, it has to be finite and not negative" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { (void)svi.step({x}, {.beta = -1}); }) ==
        "[svi] beta is -1, it has to be finite and not negative" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { (void)svi.log_likelihood(0, x); }) ==
        "[importance] needs at least one particle" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { Svi(Params(0, f64), model, guide, sgd(0.1), {.particles = 0}); }) ==
        "[svi] needs at least one particle" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { Svi(Params(0, f64), model, guide, sgd(0.1), {.threads = -1}); }) ==
        "[pool] -1 threads; at least 1 is needed" + line(__LINE__ - 1, file));
}

TEST_CASE("svi: a step lets go of its inputs") {
  Autoencoder a;
  Svi svi(a.params, a.model(), a.guide(), adam(1e-2));
  Tensor x = rows_of(5);
  for (int i = 0; i < 3; ++i) (void)svi.step(x);
  (void)svi.evaluate(x);
  (void)svi.sample(x);
  (void)svi.log_likelihood(2, x);
  CHECK(x.is_unique());
}

// ---- beta ----

TEST_CASE("svi: beta is an input: it changes from call to call without a new recording") {
  const auto guide = [](Context& c) { (void)c.sample("w", Normal{c.param("m", 0.5), 0.1}); };
  const auto model = [](Context& c) {
    (void)c.sample("w", standard);
    c.observe("x", standard, 0.25);
  };
  Params params(0, f64);
  Svi svi(params, model, guide, sgd(1.0));
  const Program* program = &svi.program({});
  for (const double beta : {1.0, 0.1, 0.0, 2.5, 1.0}) {
    params.assign("m", Tensor(0.5));
    const double value = svi.evaluate({}, {.beta = beta}).elbo;
    const double elbo = svi.step({}, {.beta = beta}).elbo;
    CHECK(near(value, elbo, 1e-14));
    CHECK(near(elbo, log_normal(0.25, 0, 1) - beta * kl_normal(0.5, 0.1, 0, 1), 1e-14));
    CHECK(near(params.value("m").item(), 0.5 - beta * 0.5, 1e-14));
    CHECK(&svi.program({}) == program);
  }
}

TEST_CASE("svi: a captured number that changes is an error at its line, not a stale constant") {
  double temperature = 1.0;
  int at = 0;
  const auto guide = [](Context& c) { (void)c.sample("w", Normal{c.param("m", 0.5), 0.1}); };
  const auto model = [&](Context& c) {
    const Var w = c.sample("w", standard);
    at = __LINE__ + 1;
    const Var loc = temperature * w;
    c.observe("x", Normal{loc, 1}, 0.25);
  };
  Params params(0, f64);
  Svi svi(params, model, guide, sgd(0.1));
  (void)svi.step();
  const auto before = params.values();
  temperature = 0.5;
  const std::string text = error_of([&] { (void)svi.step(); });
  CHECK(text.find("[compile] the second recording differs from the first in node") == 0);
  CHECK(text.find(file + ":" + std::to_string(at)) != std::string::npos);
  CHECK(text.find("; make what changes between calls an input" + line(__LINE__ - 3, file)) !=
        std::string::npos);
  CHECK(same(params.values(), before));
}

// ---- guards ----

TEST_CASE("svi: a step on NaN changes no bit of parameters, optimizer, baselines or the count of steps") {
  Autoencoder a;
  Svi svi(a.params, a.model(), a.guide(), adam(1e-2), {.particles = 2});
  Autoencoder twin;
  Svi other(twin.params, twin.model(), twin.guide(), adam(1e-2), {.particles = 2});
  Tensor broken = rows_of(5);
  broken.mutable_view<double>()[7] = nan;
  for (int i = 0; i < 3; ++i) {
    (void)svi.step(rows_of(5));
    (void)other.step(rows_of(5));
  }
  CHECK(svi.state().contains("baseline/k"));
  const auto parameters = a.params.values();
  const auto state = svi.state().values();
  const std::string text = error_of([&] { (void)svi.step(broken); });
  CHECK(text == "[input] is not finite: %0 = input f64[5,6] \"input 0\" in step 3; nothing was stored" +
                    line(__LINE__ - 2, file));
  CHECK(same(a.params.values(), parameters));
  CHECK(same(svi.state().values(), state));
  CHECK(svi.state().steps() == 3);
  // Nor has anything else: it goes on as if the step had not been tried.
  (void)svi.step(rows_of(5));
  (void)other.step(rows_of(5));
  CHECK(same(a.params.values(), twin.params.values()));
  CHECK(same(svi.state().values(), other.state().values()));
}

TEST_CASE("svi: the error of a NaN that is made names node, site, line and step") {
  int at = 0;
  const auto guide = [](Context& c, const Var&) { (void)c.sample("w", Normal{c.param("m", 0.5), 0.1}); };
  const auto model = [&](Context& c, const Var& scale) {
    const Var w = c.sample("w", standard);
    at = __LINE__ + 1;
    c.observe("x", Normal{w, scale}, 0.25);
  };
  Params params(0, f64);
  Svi svi(params, model, guide, sgd(0.1));
  (void)svi.step(Tensor(1.0));
  (void)svi.step(Tensor(1.0));
  const auto before = params.values();
  const std::string text = error_of([&] { (void)svi.step(Tensor(-1.0)); });
  CHECK(text.find("[Normal] scale is -1, needs to be positive: %") == 0);
  CHECK(text.find("x/Normal " + file + ":" + std::to_string(at)) != std::string::npos);
  CHECK(text.find("in step 2; nothing was stored" + line(at, file)) != std::string::npos);
  CHECK(same(params.values(), before));
}

TEST_CASE("svi: a replayed step, evaluation or bound allocates nothing") {
  if (!tapir::test::allocations_are_counted()) return;
  for (const Index particles : {1, 3}) {
    Autoencoder a;
    Svi svi(a.params, a.model(), a.guide(), adam(1e-2), {.particles = particles});
    const Tensor x = rows_of(5);
    for (int i = 0; i < 3; ++i) {
      (void)svi.step(x);
      (void)svi.step(x, {.beta = 0.5});
      (void)svi.evaluate(x);
      (void)svi.log_likelihood(4, x);
    }
    double total = 0;
    std::size_t count = 0;
    {
      const tapir::test::AllocationCount allocations;
      for (int i = 0; i < 10; ++i) {
        total += svi.step(x).elbo;
        total += svi.step(x, {.beta = 0.1 * i}).elbo;
        total += svi.evaluate(x).elbo;
        total += svi.log_likelihood(4, x).at(0);
      }
      count = allocations.count();
    }
    CHECK(count == 0);
    CHECK(std::isfinite(total));
  }
}

TEST_CASE("svi: the same bits for 1, 2 and 3 threads") {
  struct Result {
    std::map<std::string, Tensor> parameters, state, drawn;
    std::vector<double> numbers;
    Tensor bound;
  };
  const auto train = [](int threads) {
    Autoencoder a(f32, 200, 30);
    Svi svi(a.params, a.model(), a.guide(), adam(1e-2), {.particles = 2, .threads = threads, .seed = 9});
    const Tensor x = irregular({60, 200}, 0.2, f32);
    Result result;
    for (int i = 0; i < 4; ++i) result.numbers.push_back(svi.step(x).elbo);
    result.numbers.push_back(svi.evaluate(x).elbo);
    result.bound = svi.log_likelihood(5, x);
    result.drawn = svi.sample(x);
    result.parameters = a.params.values();
    result.state = svi.state().values();
    return result;
  };
  const Result one = train(1);
  for (const int threads : {2, 3}) {
    const Result many = train(threads);
    CHECK(many.numbers == one.numbers);
    CHECK(identical(many.bound, one.bound));
    CHECK(same(many.drawn, one.drawn));
    CHECK(same(many.parameters, one.parameters));
    CHECK(same(many.state, one.state));
  }
}

// ---- evaluating and drawing ----

TEST_CASE("svi: evaluating, drawing and bounding change nothing, and draw afresh each time") {
  Autoencoder a;
  Svi svi(a.params, a.model(), a.guide(), adam(1e-2));
  (void)svi.step(rows_of(5));
  const auto parameters = a.params.values();
  const auto state = svi.state().values();
  const Tensor x = rows_of(60);
  CHECK(svi.evaluate(x).elbo != svi.evaluate(x).elbo);
  CHECK_FALSE(identical(svi.sample(x).at("z"), svi.sample(x).at("z")));
  CHECK_FALSE(identical(svi.log_likelihood(3, x), svi.log_likelihood(3, x)));
  CHECK(svi.sample(x).at("z").shape() == Shape{60, 2});
  CHECK(svi.sample(x).at("k").shape() == Shape{60});
  CHECK(svi.log_likelihood(3, x).shape() == Shape{60});
  CHECK(same(a.params.values(), parameters));
  CHECK(same(svi.state().values(), state));
}

TEST_CASE("svi: the bound of many draws lies above the ELBO") {
  // A guide that has hardly been trained: the gap is more than 20 standard errors of the mean of 10000
  // estimates.
  Autoencoder a;
  Svi svi(a.params, a.model(), a.guide(), adam(1e-2), {.particles = 10});
  const Tensor x = rows_of(60);
  for (int i = 0; i < 5; ++i) (void)svi.step(x);
  Moments elbo;
  for (int i = 0; i < 1000; ++i) elbo.add(svi.evaluate(x).elbo);
  const Tensor bound = svi.log_likelihood(200, x);
  double total = 0;
  for (Index i = 0; i < 60; ++i) total += bound.at(i);
  CHECK(total > elbo.mean() + 20 * elbo.error());
}

TEST_CASE("svi: reconstructions: the model runs forward on what the guide draws") {
  Autoencoder a;
  Svi svi(a.params, a.model(), a.guide(), adam(1e-2));
  const Tensor x = rows_of(60);
  for (int i = 0; i < 500; ++i) (void)svi.step(x);
  const auto z = svi.sample(x);
  const Prediction seen = predict(a.model(), Key(1), {&x, 1}, {.handlers = {condition(z)}});
  CHECK(identical(seen.sites.at("z"), z.at("z")));
  double error = 0;
  double spread = 0;
  for (Index i = 0; i < x.size(); ++i) {
    error += std::pow(seen.returned.at(0).at(i) - x.at(i), 2);
    spread += x.at(i) * x.at(i);
  }
  CHECK(error < 0.8 * spread);
}

// ---- parameters and state ----

TEST_CASE("svi: parameters that the model asks for while it is recorded train from the first step") {
  const auto guide = [](Context& c) {
    (void)c.sample("w", Normal{c.param("m", 0.5), c.param("s", 0.1, Support::positive)});
  };
  const auto model = [](Context& c) { (void)c.sample("w", standard); };
  Params params(0, f64);
  Svi svi(params, model, guide, sgd(0.1));
  (void)svi.step();
  CHECK(near(params.value("m").item(), 0.5 - 0.1 * 0.5, 1e-15));
  CHECK(near(params.value("s").item(), std::log(0.1) - 0.1 * (0.01 - 1), 1e-15));
  for (int i = 0; i < 500; ++i) (void)svi.step();
  CHECK(near(params.value("m").item(), 0, 1e-12));
  CHECK(near(params.value("s").item(), 0, 1e-12));
}

TEST_CASE("svi: frozen parameters keep their values, also when they are frozen in between") {
  Autoencoder a;
  Svi svi(a.params, a.model(), a.guide(), adam(1e-2));
  (void)svi.step(rows_of(5));
  a.params.freeze("decode");
  const auto before = a.params.values();
  for (int i = 0; i < 3; ++i) (void)svi.step(rows_of(5));
  CHECK(identical(a.params.value("decode/weight"), before.at("decode/weight")));
  CHECK_FALSE(identical(a.params.value("encode/weight"), before.at("encode/weight")));
  a.params.unfreeze("decode");
  (void)svi.step(rows_of(5));
  CHECK_FALSE(identical(a.params.value("decode/weight"), before.at("decode/weight")));
}

TEST_CASE("svi: a parameter that the objective does not reach is an error that names it, unless allowed") {
  Autoencoder a;
  const nn::Linear forgotten(a.params / "forgotten", 2, 2);
  const int at = __LINE__ + 1;
  Svi svi(a.params, a.model(), a.guide(), adam(1e-2));
  CHECK(error_of([&] { (void)svi.step(rows_of(5)); }) ==
        "[grad] the result does not depend on parameter \"forgotten/weight\"; allow_unused gives zeros" +
            line(at, file));
  Svi lenient(a.params, a.model(), a.guide(), adam(1e-2), {.allow_unused = true});
  const auto before = a.params.values();
  (void)lenient.step(rows_of(5));
  CHECK(identical(a.params.value("forgotten/weight"), before.at("forgotten/weight")));
}

TEST_CASE("svi: two trainers of one Params share the parameters, not what they remember") {
  Autoencoder a;
  Svi first(a.params, a.model(), a.guide(), adam(1e-2));
  Svi second(a.params, a.model(), a.guide(), adam(1e-2));
  (void)first.step(rows_of(5));
  const auto state = first.state().values();
  (void)second.step(rows_of(5, 0.7));
  (void)second.step(rows_of(5, 0.7));
  CHECK(same(first.state().values(), state));
  CHECK(first.state().steps() == 1);
  CHECK(second.state().steps() == 2);
  CHECK_FALSE(
      identical(first.state().value("adam/decode/weight/m"), second.state().value("adam/decode/weight/m")));
}

TEST_CASE("svi: a baseline is the running mean of past costs, in units of one element, kept with the "
          "trainer's state") {
  // Whatever the coin shows, its cost is one number c: after n steps the mean's weight is 1 - 0.9^n.
  const auto guide = [](Context& c, const Var&) {
    const auto rows = c.plate("rows", 60, 4);
    (void)c.sample("k", Bernoulli{c.param("logit", 0.3)});
  };
  const auto model = [](Context& c, const Var& x) {
    const auto rows = c.plate("rows", 60, 4);
    const Var k = c.sample("k", Bernoulli{0.0});
    c.observe("x", Normal{0.0 * k, 1}, x);
  };
  Svi svi(Params(0, f64), model, guide, sgd(0.1), {.particles = 2});
  const Tensor x({4}, {0.7, 0.7, 0.7, 0.7});
  const double cost = -log_normal(0.7, 0, 1);
  for (int n = 1; n <= 5; ++n) {
    (void)svi.step(x);
    const double weight = 1 - std::pow(0.9, n);
    const Tensor baseline = svi.state().value("baseline/k");
    CHECK(near(baseline.at(0), weight * cost, 1e-14));
    CHECK(near(baseline.at(1), weight, 1e-14));
  }
}

TEST_CASE("svi: batches of several sizes share parameters, moments, baselines and steps") {
  Autoencoder a;
  Svi svi(a.params, a.model(), a.guide(), adam(1e-2));
  for (const Index rows : {5, 3, 5, 60, 3}) (void)svi.step(rows_of(rows));
  CHECK(svi.state().steps() == 5);
  for (const std::string& path : svi.state().paths())
    CHECK(path.find("baseline/k") == path.rfind("baseline/k"));
}

TEST_CASE("svi: a saved state goes on as if training had not stopped") {
  Autoencoder a;
  Svi svi(a.params, a.model(), a.guide(), adam(1e-2));
  for (int i = 0; i < 3; ++i) (void)svi.step(rows_of(5));
  const auto parameters = a.params.values();
  const auto state = svi.state().values();
  for (int i = 0; i < 3; ++i) (void)svi.step(rows_of(5));

  Autoencoder b;
  Svi resumed(b.params, b.model(), b.guide(), adam(1e-2));
  const Type type = rows_of(5).type();
  (void)resumed.program({&type, 1});  // makes what is remembered
  b.params.assign(parameters);
  TrainerState(resumed.state()).assign(state);
  for (int i = 0; i < 3; ++i) (void)resumed.step(rows_of(5));
  CHECK(same(b.params.values(), a.params.values()));
  CHECK(same(resumed.state().values(), svi.state().values()));
}

// ---- layers with noise ----

TEST_CASE("svi: layers with noise draw in training, afresh in every step, and not in evaluation") {
  Params params(0, f64);
  const nn::Dropout drop(params / "drop", 0.25);
  std::vector<bool> training;
  const auto guide = [](Context&, const Var&) {};
  const auto model = [&](Context& c, const Var& x) {
    training.push_back(c.training());
    const Var h = drop(c, x);
    const auto rows = c.plate("rows", 8);
    c.observe("x", Normal{c.param("a", 1.0) * h, 1}, x);
  };
  Svi svi(params, model, guide, sgd(0.0));
  const Tensor x = irregular({8});
  const double first = svi.step(x).elbo;
  CHECK(svi.step(x).elbo != first);
  double expected = 0;
  for (Index i = 0; i < 8; ++i) expected += log_normal(x.at(i), x.at(i), 1);
  CHECK(near(svi.evaluate(x).elbo, expected, 1e-14));
  CHECK(training == std::vector<bool>{true, true, false});
}

TEST_CASE("svi: particles draw the latent values, not the noise of layers: the encoder runs once") {
  Params params(0, f64);
  const nn::Dropout drop(params / "drop", 0.5);
  const auto guide = [&](Context& c, const Var& x) {
    const Var h = drop(c, x);
    const auto rows = c.plate("rows", 8);
    (void)c.sample("z", Normal{c.param("a", 1.0) * h, 1});
  };
  const auto model = [&](Context& c, const Var& x) {
    const auto rows = c.plate("rows", 8);
    const Var z = c.sample("z", standard);
    c.observe("x", Normal{z, 1}, x);
  };
  Svi svi(params, model, guide, sgd(0.1), {.particles = 5});
  const Type type{f64, {8}};
  const Tape& tape = svi.program({&type, 1}).tape();
  std::vector<Shape> noise;
  for (int i = 0; i < tape.size(); ++i)
    if ((*tape.node(i).op)->noise) noise.push_back(tape.node(i).types[0].shape);
  CHECK(noise == std::vector<Shape>{{8}, {8}, {5, 8}});  // the dropout's, the site's, and its fresh ones
}

TEST_CASE("svi: the report says how each latent site was treated") {
  Autoencoder a;
  Svi svi(a.params, a.model(), a.guide(), adam(1e-2));
  CHECK(svi.report().empty());
  (void)svi.step(rows_of(5));
  CHECK(svi.report() == "z: pathwise, closed-form divergence\n"
                        "k: score_function(running_mean), closed-form divergence\n");
}

TEST_CASE("svi: the draws of two shapes of inputs keep their names apart") {
  const auto guide = [](Context& c, const Var& x) {
    if (x.shape()[0] > 2) (void)c.sample("many", Normal{c.param("m", 0.5), 0.1});
    (void)c.sample("w", standard);
  };
  const auto model = [](Context&, const Var&) {};
  Svi svi(Params(0, f64), model, guide, sgd(0.1));
  for (int i = 0; i < 3; ++i) {  // recorded, recorded again and compared, replayed
    CHECK(svi.sample(irregular({3})).contains("many"));
    CHECK(svi.sample(irregular({1})).size() == 1);
    CHECK(svi.sample(irregular({1})).contains("w"));
  }
}

}  // namespace tapir::vi::test
