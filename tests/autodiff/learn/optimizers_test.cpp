// Optimizers against hand-written loops of their formulas.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "problem.hpp"

namespace tapir::test {
namespace {

using Numbers = std::vector<double>;

double norm_of(const Numbers& g) {
  double total = 0;
  for (double x : g) total += x * x;
  return std::sqrt(total);
}

ByHand adam_by_hand(double rate, double decay = 0.0) {
  return [=, m = Numbers(4), v = Numbers(4)](Numbers& x, const Numbers& g, int t) mutable {
    for (std::size_t i = 0; i < x.size(); ++i) {
      m[i] = 0.8 * m[i] + 0.2 * g[i];
      v[i] = 0.95 * v[i] + 0.05 * g[i] * g[i];
      const double m_hat = m[i] / (1 - std::pow(0.8, t));
      const double v_hat = v[i] / (1 - std::pow(0.95, t));
      x[i] -= rate * (m_hat / (std::sqrt(v_hat) + 1e-6) + decay * x[i]);
    }
  };
}

}  // namespace

TEST_CASE("sgd follows its formula") {
  check_optimizer(sgd(0.05), [](Numbers& x, const Numbers& g, int) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] -= 0.05 * g[i];
  });
}

TEST_CASE("momentum and Nesterov's momentum follow their formulas") {
  for (bool nesterov : {false, true})
    check_optimizer(momentum(0.02, {.beta = 0.7, .nesterov = nesterov}),
                    [nesterov, m = Numbers(4)](Numbers& x, const Numbers& g, int) mutable {
                      for (std::size_t i = 0; i < x.size(); ++i) {
                        m[i] = 0.7 * m[i] + g[i];
                        x[i] -= 0.02 * (nesterov ? g[i] + 0.7 * m[i] : m[i]);
                      }
                    });
}

TEST_CASE("adam follows its formula") {
  check_optimizer(adam(0.1, {.beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-6}), adam_by_hand(0.1));
}

TEST_CASE("adam follows its formula over many tiles, with constants that are equal") {
  constexpr std::size_t size = 2500;
  Params params(0, f64);
  const Var w = Scope(params).param("w", {static_cast<Index>(size)}, initialisers::normal(1));
  Numbers x = numbers(params.value("w"));
  Trainer trainer(
      params, [w](Var c) { return sum(c * square(w)); }, adam(0.1, {.beta1 = 0.5, .beta2 = 0.5}));
  Numbers m(size);
  Numbers v(size);
  for (int t = 1; t <= 3; ++t) {
    for (std::size_t i = 0; i < size; ++i) {
      const double g = 2 * 1.5 * x[i];
      m[i] = 0.5 * m[i] + 0.5 * g;
      v[i] = 0.5 * v[i] + 0.5 * g * g;
      x[i] -= 0.1 * m[i] / (1 - std::pow(0.5, t)) / (std::sqrt(v[i] / (1 - std::pow(0.5, t))) + 1e-8);
    }
    trainer.step(Tensor(1.5));
    check_close(params.value("w"), x, 1e-14);
  }
}

TEST_CASE("adam without memory is bounded by its learning rate") {
  check_optimizer(adam(0.1, {.beta1 = 0, .beta2 = 0}), [](Numbers& x, const Numbers& g, int) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] -= 0.1 * g[i] / (std::abs(g[i]) + 1e-8);
  });
}

TEST_CASE("adamw decays the parameters beside adam's update") {
  check_optimizer(adamw(0.1, {.beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-6, .weight_decay = 0.3}),
                  adam_by_hand(0.1, 0.3));
}

TEST_CASE("rmsprop follows its formula") {
  check_optimizer(rmsprop(0.03, {.decay = 0.8, .epsilon = 1e-5}),
                  [v = Numbers(4)](Numbers& x, const Numbers& g, int) mutable {
                    for (std::size_t i = 0; i < x.size(); ++i) {
                      v[i] = 0.8 * v[i] + 0.2 * g[i] * g[i];
                      x[i] -= 0.03 * g[i] / (std::sqrt(v[i]) + 1e-5);
                    }
                  });
}

TEST_CASE("clipping by norm shortens the gradient of all parameters together, and only a long one") {
  check_optimizer(chain(clip_by_norm(2.0), sgd(0.05)), [](Numbers& x, const Numbers& g, int) {
    const double factor = std::min(1.0, 2.0 / norm_of(g));
    for (std::size_t i = 0; i < x.size(); ++i) x[i] -= 0.05 * factor * g[i];
  });
}

TEST_CASE("clipping by value and scaling treat each element") {
  check_optimizer(chain(clip_by_value(0.75), scale(2.0), sgd(0.05)), [](Numbers& x, const Numbers& g, int) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] -= 0.05 * 2 * std::min(std::max(g[i], -0.75), 0.75);
  });
}

TEST_CASE("schedules go on from step to step, as a learning rate and as a part") {
  const auto rate = [](int t) { return 0.1 * std::pow(0.5, (t - 1) / 4.0); };
  const auto by_hand = [rate](Numbers& x, const Numbers& g, int t) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] -= rate(t) * g[i];
  };
  check_optimizer(sgd(exponential(0.1, {.decay = 0.5, .steps = 4})), by_hand);
  check_optimizer(chain(scale_by_schedule(exponential(0.1, {.decay = 0.5, .steps = 4})), scale(-1.0)),
                  by_hand);
}

TEST_CASE("a custom part of a chain is a function") {
  const Optimizer sign_only = [](UpdateContext&, const std::vector<Gradient>& gradients) {
    std::vector<Var> signs;
    for (const Gradient& g : gradients) signs.push_back(sign(g.gradient));
    return signs;
  };
  check_optimizer(chain(sign_only, sgd(0.01)), [](Numbers& x, const Numbers& g, int) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] -= 0.01 * (g[i] > 0 ? 1 : -1);
  });
}

TEST_CASE("averages are the mean of the iterates, then exponential; training is as without") {
  for (double decay : {0.75, 1.0}) {
    const Params params = problem_params();
    Trainer trainer(params, problem_loss(params), average(sgd(0.05), {.decay = decay}));
    check_close(problem_values(trainer.averages()), problem_start, 0);
    Numbers x = problem_start;
    Numbers a(4);
    for (int t = 1; t <= 10; ++t) {
      const Numbers g = problem_gradient(x);
      for (std::size_t i = 0; i < x.size(); ++i) {
        x[i] -= 0.05 * g[i];
        a[i] += std::max(1 - decay, 1.0 / t) * (x[i] - a[i]);
      }
      trainer.step(vector_of(problem_c));
      check_close(problem_values(params.values()), x, 1e-14);
      check_close(problem_values(trainer.averages()), a, 1e-14);
    }
  }
  const Params params = problem_params();
  CHECK(error_of([&] { Trainer(params, problem_loss(params), sgd(0.1)).averages(); }) ==
        "[averages] the trainer has no averages; its optimizer is to be average(..)");
}

TEST_CASE("frozen parameters keep their bits, and have no state") {
  Params params = problem_params();
  params.freeze("w");
  Trainer trainer(params, problem_loss(params), adam(0.1));
  const Values before = copied(params.values());
  trainer.step(vector_of(problem_c));
  CHECK(identical(params.value("w"), before.at("w")));
  CHECK(!identical(params.value("b"), before.at("b")));
  CHECK(trainer.state().paths() == std::vector<std::string>{"step", "adam/b/m", "adam/b/v", "adam/b/start"});
}

TEST_CASE("a path's own learning rate multiplies its updates, the decay of adamw included") {
  Params params = problem_params();
  params.learning_rate("w", 0.25);
  Trainer trainer(params, problem_loss(params),
                  adamw(0.1, {.beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-6, .weight_decay = 0.3}));
  Params other = problem_params();
  Trainer plain(other, problem_loss(other),
                adamw(0.1, {.beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-6, .weight_decay = 0.3}));
  trainer.step(vector_of(problem_c));
  plain.step(vector_of(problem_c));
  for (Index i = 0; i < 3; ++i) {
    const double start = problem_start[static_cast<std::size_t>(i)];
    CHECK(params.value("w").at(i) - start ==
          doctest::Approx(0.25 * (other.value("w").at(i) - start)).epsilon(1e-13));
  }
  CHECK(identical(params.value("b"), other.value("b")));
}

TEST_CASE("freezing, unfreezing and other learning rates act on the next step") {
  Params params = problem_params();
  Trainer trainer(params, problem_loss(params), adam(0.1));
  const Tensor c = vector_of(problem_c);
  for (int i = 0; i < 3; ++i) trainer.step(c);
  params.freeze("w");
  Tensor before = params.value("w");
  trainer.step(c);
  CHECK(identical(params.value("w"), before));
  params.unfreeze("w");
  params.learning_rate("b", 0.0);
  before = params.value("b");
  trainer.step(c);
  CHECK(identical(params.value("b"), before));
}

TEST_CASE("moments that begin late are corrected by their own count") {
  Params params = problem_params();
  params.freeze("w");
  Trainer trainer(params, problem_loss(params), adam(0.125, {.epsilon = 1e-300}));
  for (int i = 0; i < 50; ++i) trainer.step(vector_of(problem_c));
  params.unfreeze("w");
  const Tensor before = params.value("w");
  trainer.step(vector_of(problem_c));
  // Adam's first step is the learning rate, whatever the gradient.
  for (Index i = 0; i < 3; ++i)
    CHECK(std::abs(params.value("w").at(i) - before.at(i)) == doctest::Approx(0.125).epsilon(1e-13));
}

TEST_CASE("optimizers refuse what makes no sense, at the user's line") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const int line = __LINE__ + 2;
  try {
    adam(nan);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.message() == "learning_rate is nan; it has to be a finite number >= 0");
    CHECK(error.where().line == line);
  }
  CHECK(error_of([] { sgd(-1); }) == "[sgd] learning_rate is -1; it has to be a finite number >= 0");
  CHECK(error_of([] { adam(1, {.beta1 = 1}); }) == "[adam] beta1 is 1; it has to be a number in [0, 1)");
  CHECK(error_of([] { adam(1, {.epsilon = 0}); }) == "[adam] epsilon is 0; it has to be a finite number > 0");
  CHECK(error_of([] { adamw(1, {.weight_decay = -1}); }) ==
        "[add_weight_decay] weight_decay is -1; it has to be a finite number >= 0");
  CHECK(error_of([] { clip_by_norm(0); }) == "[clip_by_norm] most is 0; it has to be a finite number > 0");
  CHECK(error_of([] { average(sgd(1), {.decay = 1.5}); }) ==
        "[average] decay is 1.5; it has to be a number in [0, 1]");
  const Params params = problem_params();
  CHECK(error_of([&] {
          Trainer(params, problem_loss(params), chain(adam(0.1), adam(0.1))).step(vector_of(problem_c));
        }) == "[state] two parts of the optimizer remember \"adam/w/m\"");
  const Optimizer nothing = [](UpdateContext&, const std::vector<Gradient>&) { return std::vector<Var>{}; };
  CHECK(error_of([&] { Trainer(params, problem_loss(params), nothing).step(vector_of(problem_c)); }) ==
        "[update] the optimizer gave 0 updates for 2 gradients");
  CHECK(error_of([&] {
          Trainer(params, problem_loss(params), chain(nothing, sgd(1))).step(vector_of(problem_c));
        }) == "[chain] a part gave 0 updates for 2 gradients");
}

}  // namespace tapir::test
