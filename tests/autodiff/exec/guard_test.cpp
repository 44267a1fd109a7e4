// Guards: what is not finite is not stored, and the error names where it began.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/compile.hpp>

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <tapir/autodiff/learn/trainer.hpp>
#include <tapir/autodiff/ops/ops.hpp>

#include "support/errors.hpp"

using namespace tapir;
using namespace tapir::test;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

Tensor vector(std::initializer_list<double> values) { return {{static_cast<Index>(values.size())}, values}; }

/// Copies that share no memory with the cells.
std::vector<Tensor> snapshot(const std::vector<std::shared_ptr<Cell>>& cells) {
  std::vector<Tensor> result;
  for (const auto& cell : cells) {
    result.push_back(cell->value);
    result.back().mutable_data();
  }
  return result;
}

bool unchanged(const std::vector<std::shared_ptr<Cell>>& cells, const std::vector<Tensor>& before) {
  for (std::size_t i = 0; i < cells.size(); ++i)
    if (!identical(cells[i]->value, before[i])) return false;
  return true;
}

/// A step that guards f(x), and counts in a cell.
Compiled guarded(std::function<Var(const Var&)> f, const std::shared_ptr<Cell>& count) {
  return compile([f = std::move(f), count](const Var& x) {
    const auto tape = x.place()->tape;
    const Var y = f(x);
    tape->guard(y);
    const Var n = tape->cell(count);
    tape->store(n, n + 1.0);
    return y;
  });
}

std::shared_ptr<Cell> counter() { return std::make_shared<Cell>(Cell{"count", Tensor(0.0)}); }

/// The error of a guarded step on `x`, without what follows the node; nothing has been counted.
std::string blamed(std::function<Var(const Var&)> f, const Tensor& x) {
  const auto count = counter();
  Compiled step = guarded(std::move(f), count);
  const std::string text = text_of_error([&] { step(x); });
  CHECK(count->value.item() == 0);
  return text.substr(0, text.find(" = "));
}

}  // namespace

TEST_CASE("guard: stores of every kind wait for it") {
  // In place, in a pass with others, copied from an input, from another cell, of a value that the guard needs.
  std::vector<std::shared_ptr<Cell>> cells;
  for (const char* name : {"mean", "square", "last", "older", "loss"})
    cells.push_back(std::make_shared<Cell>(Cell{name, vector({1, 2, 3})}));
  Compiled step = compile([&](const Var& x) {
    const auto tape = x.place()->tape;
    std::vector<Var> c;
    for (const auto& cell : cells) c.push_back(tape->cell(cell));
    const Var loss = log(x);
    tape->guard(sum(loss));
    tape->store(c[0], 0.9 * c[0] + 0.1 * x);
    tape->store(c[1], 0.9 * c[1] + 0.1 * square(x));
    tape->store(c[3], c[2]);
    tape->store(c[2], x);
    tape->store(c[4], loss);
    return loss;
  });
  step(vector({1, 2, 4}));
  step(vector({4, 2, 1}));
  CHECK(identical(cells[3]->value, vector({1, 2, 4})));
  CHECK(identical(cells[2]->value, vector({4, 2, 1})));
  const auto before = snapshot(cells);
  for (double bad : {-1.0, 0.0, not_a_number, infinity}) {
    CHECK_THROWS_AS(step(vector({1, bad, 2})), Error);
    CHECK(unchanged(cells, before));
  }
  step(vector({1, 1, 1}));
  CHECK(identical(cells[3]->value, vector({4, 2, 1})));
}

TEST_CASE("guard: results of the last run that are inputs by reference are blamed as they were") {
  const auto count = counter();
  Compiled step = guarded([](const Var& x) { return log(x); }, count);
  std::span<const Tensor> state = step(std::span<const Tensor>(std::vector<Tensor>{Tensor(1.0)}));
  for (int i = 0; i < 2; ++i) {
    const std::string text = text_of_error([&] { step(state); });
    CHECK(text.find("[log] gives infinity: ") == 0);
    if (i == 0) state = step(std::span<const Tensor>(std::vector<Tensor>{Tensor(1.0)}));
  }
}

TEST_CASE("guard: any one of several stops every store") {
  const auto count = counter();
  Compiled step = compile([&](const Var& x, const Var& y) {
    const auto tape = x.place()->tape;
    tape->guard(sum(x));
    tape->guard(y);
    const Var n = tape->cell(count);
    tape->store(n, n + 1.0);
    return x;
  });
  const Tensor good = vector({1, 2});
  const Tensor bad = vector({1, not_a_number});
  step(good, good);
  CHECK_THROWS_AS(step(good, bad), Error);
  CHECK_THROWS_AS(step(bad, good), Error);
  CHECK(count->value.item() == 1);
  step(good, good);
  CHECK(count->value.item() == 2);
}

TEST_CASE("guard: without one, stores commit whatever the values are") {
  const auto cell = counter();
  Compiled step = compile([&](const Var& x) {
    x.place()->tape->store(x.place()->tape->cell(cell), x);
    return x;
  });
  step(Tensor(not_a_number));
  CHECK(std::isnan(cell->value.item()));
}

TEST_CASE("guard: a value that another holds keeps its bytes when the cell moves on") {
  const auto count = counter();
  const Tensor held = count->value;
  Compiled step = guarded([](const Var& x) { return x; }, count);
  step(Tensor(1.0));
  const Tensor after_one = count->value;
  step(Tensor(1.0));
  CHECK(held.item() == 0);
  CHECK(after_one.item() == 1);
  CHECK(count->value.item() == 2);
}

TEST_CASE("guard: parameters, moments and averages keep their bits if the gradient alone is NaN") {
  Params params(0, f64);
  const Var w = Scope(params).param("w", vector({0.5, 2.0}));
  // sqrt has an infinite slope at 0, times the 0 of the side that is not taken: the loss is finite.
  Trainer trainer(
      params, [w](const Var& x) { return sum(where(x > 0, sqrt(w * x), w)); }, average(adam(0.1)));
  trainer.step(vector({1, 4}));
  trainer.step(vector({2, 4}));
  const auto values_of = [&] {
    std::vector<Tensor> all;
    for (const auto& [path, value] : params.values()) all.push_back(value);
    for (const auto& [path, value] : trainer.state().values()) all.push_back(value);
    for (Tensor& value : all) value.mutable_data();
    return all;
  };
  const auto before = values_of();
  const std::string text = text_of_error([&] { trainer.step(vector({0, 4})); });
  CHECK(text.find("gives NaN: %") != std::string::npos);
  CHECK(text.find(" in step 2; nothing was stored") != std::string::npos);
  CHECK(text.find("guard_test.cpp") != std::string::npos);
  const auto after = values_of();
  REQUIRE(after.size() == before.size());
  for (std::size_t i = 0; i < after.size(); ++i) CHECK(identical(after[i], before[i]));
  trainer.step(vector({1, 4}));
  CHECK(trainer.state().steps() == 3);
}

TEST_CASE("guard: the error names the node where it began, its line and the occasion") {
  const auto count = counter();
  int line = 0;
  Compiled step = compile(
      [&](const Var& x) {
        const auto tape = x.place()->tape;
        line = __LINE__ + 1;
        const Var y = log(x - 1.0);
        tape->guard(sum(2.0 * y));
        const Var n = tape->cell(count);
        tape->store(n, n + 1.0);
        return y;
      },
      {.occasion = [&] { return "step " + std::to_string(static_cast<int>(count->value.item())); }});
  step(vector({2, 3}));
  const std::string place = "guard_test.cpp:" + std::to_string(line);
  CHECK(text_of_error([&] {
          step(vector({2, 0}));
        }) == "[log] gives NaN: %4 = log f64[2] %3   # " + place + " in step 1; nothing was stored (at " +
                  place + ")");
  CHECK(text_of_error([&] {
          step(vector({2, 1}));
        }) == "[log] gives infinity: %4 = log f64[2] %3   # " + place +
                  " in step 1; nothing was stored (at " + place + ")");
}

TEST_CASE("guard: an input that is not finite is blamed if it reaches the guard") {
  for (double bad : {not_a_number, infinity, -infinity})
    CHECK(blamed([](const Var& x) { return sum(exp(x) + x); }, vector({1, bad})) ==
          "[input] is not finite: %0");
}

TEST_CASE("guard: what a where masks is not blamed for what it does not mask") {
  const auto masked = [](const Var& x) { return where(isfinite(x), x, 0.0); };
  // The input's NaN is masked; the logarithm of 0 that follows is not.
  CHECK(blamed([&](const Var& x) { return sum(log(masked(x))); }, vector({1, not_a_number})) ==
        "[log] gives infinity: %5");
  // A masked logarithm of 0 stands first, then one that counts.
  CHECK(blamed(
            [&](const Var& x) {
              const Var first = where(x > 0, log(x), 0.0);
              return sum(first) + sum(sqrt(x - 3.0));
            },
            vector({0, 4}))
            .substr(0, 16) == "[sqrt] gives NaN");
  // Both sides of the where are not finite, but at different elements.
  CHECK(blamed([](const Var& x) { return sum(where(x > 0, log(x - 1.0), 1.0 / (x + 1.0) * infinity)); },
               vector({1, 5}))
            .substr(0, 19) == "[log] gives infinit");
}

TEST_CASE("guard: legitimate infinities and NaN pass if none reaches the guard") {
  const auto count = counter();
  Compiled step = guarded([](const Var& x) { return sum(where(isfinite(log(x)), log(x), 0.0)); }, count);
  CHECK(step(vector({1, 0, -1}))[0].item() == 0);
  CHECK(step(vector({infinity, not_a_number, 1}))[0].item() == 0);
  CHECK(count->value.item() == 2);
  // An impossible event: a log density of -inf beside others.
  Compiled sums = guarded([](const Var& x) { return logsumexp(x); }, count);
  CHECK(sums(vector({-infinity, 0}))[0].item() == 0);
  CHECK(count->value.item() == 3);
}

TEST_CASE("guard: a NaN made from infinities is where it began") {
  CHECK(blamed([](const Var& x) { return sum(x - max(x)); }, vector({-infinity, -infinity})) ==
        "[sub] gives NaN: %3");
}
