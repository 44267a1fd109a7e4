// Schedules against their formulas, and on tape.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <limits>
#include <numbers>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/compile.hpp>
#include <tapir/autodiff/learn/schedules.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>

#include "values.hpp"

namespace tapir::test {
namespace {

// At plain numbers, and as a program whose input is the step. A few roundings of f64.
template <class F>
void check_schedule(const Schedule& schedule, F formula) {
  auto program = compile([&](Var step) { return schedule(step); });
  for (int step : {0, 1, 2, 5, 9, 10, 11, 30, 99, 100, 101, 1000}) {
    CAPTURE(step);
    const double expected = formula(static_cast<double>(step));
    check_close({schedule(Var(step)).item()}, {expected}, 1e-14);
    check_close({program(Tensor(static_cast<double>(step)))[0].item()}, {expected}, 1e-14);
  }
}

}  // namespace

TEST_CASE("schedules follow their formulas, computed and recorded") {
  check_schedule(constant(0.25), [](double) { return 0.25; });
  check_schedule(exponential(0.1, {.decay = 0.7, .steps = 10}),
                 [](double t) { return 0.1 * std::pow(0.7, t / 10); });
  check_schedule(cosine(0.1, {.steps = 100, .final = 0.02}), [](double t) {
    return 0.02 + 0.08 * (1 + std::cos(std::numbers::pi * std::min(t / 100, 1.0))) / 2;
  });
  check_schedule(warm_up(10, 0.5), [](double t) { return t < 10 ? 0.5 * (t + 1) / 10 : 0.5; });
  check_schedule(warm_up(10, cosine(1.0, {.steps = 90})), [](double t) {
    const double after = std::max(t - 10, 0.0);
    return std::min((t + 1) / 10, 1.0) * (1 + std::cos(std::numbers::pi * std::min(after / 90, 1.0))) / 2;
  });
}

TEST_CASE("a learning rate is a number or a schedule, one of the user's included") {
  CHECK(LearningRate(0.5)(Var(3)).item() == 0.5);
  CHECK(LearningRate([](const Var& step) { return 1.0 / (step + 1.0); })(Var(3)).item() == 0.25);
}

TEST_CASE("schedules refuse what makes no sense") {
  CHECK(error_of([] { exponential(1, {.steps = 0}); }) ==
        "[exponential] steps is 0; it has to be a finite number > 0");
  CHECK(error_of([] { exponential(1, {.decay = -1}); }) ==
        "[exponential] decay is -1; it has to be a finite number > 0");
  CHECK(error_of([] { cosine(1, {.steps = std::numeric_limits<double>::infinity()}); }) ==
        "[cosine] steps is inf; it has to be a finite number > 0");
  CHECK(error_of([] { warm_up(5, -1.0); }) ==
        "[warm_up] learning_rate is -1; it has to be a finite number >= 0");
  CHECK(error_of([] {
          LearningRate([](const Var&) { return Var(vector_of({1, 2})); })(Var(0));
        }) == "[learning_rate] the schedule gives f64[2]; it has to give a scalar");
}

}  // namespace tapir::test
