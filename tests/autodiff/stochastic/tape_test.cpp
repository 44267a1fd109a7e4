// What loss writes onto the tape: nothing needless, whose noise is drawn again, and zeros where nothing is downstream.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/compile.hpp>
#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/stochastic/noise.hpp>
#include <tapir/autodiff/transforms/grad.hpp>
#include <tapir/autodiff/transforms/scan.hpp>

#include "expectation.hpp"

namespace tapir::test {
namespace {

struct Recorder {
  std::shared_ptr<Tape> tape = Tape::make();
  Key key{tape->input({i64, {2}}), f64};

  Var input(const Shape& shape = {}) const { return tape->input({f64, shape}); }
};

// The operations recorded after node `from`, aliases and literals left out: those cost nothing.
std::vector<std::string> recorded_after(const Tape& tape, int from) {
  std::vector<std::string> names;
  for (int i = from; i < tape.size(); ++i)
    if (tape.node(i).op->kind() != Kind::alias && tape.node(i).op->kind() != Kind::leaf)
      names.push_back(tape.node(i).op->name());
  return names;
}

int count(const Tape& tape, const std::string& name, int from = 0) {
  const auto names = recorded_after(tape, from);
  return static_cast<int>(std::count(names.begin(), names.end(), name));
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("one draw: the surrogate is a product, a sum and an addition") {
  const Recorder r;
  const Plates rows{{"rows", 3, 3}};
  Drawn drawn;
  const Var z = bernoulli(drawn, r.key, "z", r.input({3}), ScoreFunction{Baseline::none()}, rows);
  drawn.costs = {{"x", square(z), rows, {}}};
  const int before = r.tape->size();
  loss(drawn.sites, drawn.costs);
  CHECK(recorded_after(*r.tape, before) == Names{"sum", "mul", "sum", "add"});
}

TEST_CASE("pathwise sites add nothing but the sum of the costs") {
  const Recorder r;
  const Plates rows{{"rows", 12, 3}};
  const Var z = place_site("z", r.input({3}) + normal(r.key / "z", {3}), Pathwise{});
  const Site site{"z", z, square(z), Pathwise{}, rows, {}};
  const Cost cost{"x", square(z), rows, {}};
  const int before = r.tape->size();
  const Loss made = loss({&site, 1}, {&cost, 1});
  CHECK(recorded_after(*r.tape, before) == Names{"sum", "mul"});
  CHECK(made.surrogate.place()->ref == made.value.place()->ref);
  CHECK_FALSE(made.auxiliary.is_recorded());
  CHECK(made.updates.empty());
}

TEST_CASE("what loss records carries the caller's line, and the site in its path") {
  const Recorder r;
  Drawn drawn;
  const Var z = bernoulli(drawn, r.key, "z", r.input(), ScoreFunction{Baseline::none()});
  drawn.costs = {{"x", square(z), {}, {}}};
  loss(drawn.sites, drawn.costs, {}, Where{"model.cpp", 7});
  const Node& last = r.tape->node(r.tape->size() - 1);
  CHECK(last.where == Where{"model.cpp", 7});
  CHECK(last.path == "loss/z");
}

TEST_CASE("a site without downstream costs, and one that nothing follows, have no gradient") {
  const Recorder r;
  const Var a = r.input();
  const Var b = r.input();
  const Var c = r.input();
  Drawn drawn;
  const Estimator estimator = ScoreFunction{Baseline::leave_one_out(3)};
  const Var used = bernoulli(drawn, r.key, "used", a, estimator);
  bernoulli(drawn, r.key, "dead", b, estimator);
  const Var blind = bernoulli(drawn, r.key, "blind", c, estimator);
  drawn.costs = {{"x", square(used), {}, {}}, {"fixed", square(r.input()), {}, {}}};
  const int before = r.tape->size();
  const Loss made = loss(drawn.sites, drawn.costs);
  CHECK(count(*r.tape, "uniform", before) == 1);  // the dead are not drawn again
  const Var all[] = {a, b, c};
  const auto g = gradient(made, all, /*allow_unused=*/true);
  CHECK(g[0].is_recorded());
  CHECK(g[1].item() == 0);
  CHECK(g[2].item() == 0);
  CHECK(blind.is_recorded());
}

TEST_CASE("stop_gradient hides a cost from the path, and not from the score") {
  const Recorder r;
  const Var loc = r.input();
  Drawn drawn;
  const Var x = place_site("x", loc + normal(r.key / "x", {}), Pathwise{});
  const Var z = bernoulli(drawn, r.key, "z", r.input(), ScoreFunction{Baseline::none()});
  drawn.costs = {{"c", stop_gradient(square(x) * z), {}, {}}};
  const Loss made = loss(drawn.sites, drawn.costs);
  CHECK_FALSE(vjp({&made.surrogate, 1}, std::vector<Var>{1.0}, {&loc, 1})[0]);
  CHECK(made.surrogate.place()->ref != made.value.place()->ref);
}

TEST_CASE("the noise of a site is its own: not that of its law's parameters, nor of earlier sites") {
  const Recorder r;
  const Var dropped = r.input() * (uniform(r.key / "dropout", {}) < 0.5);
  Drawn drawn;
  const Estimator estimator = ScoreFunction{Baseline::leave_one_out(3)};
  const Var z = bernoulli(drawn, r.key, "z", dropped, estimator);
  const Var w = bernoulli(drawn, r.key, "w", dropped + z, estimator);
  CHECK(noise_of({&w, 1}).size() == 3);
  CHECK(noise_of({&w, 1}, {&z, 1}).size() == 1);
  CHECK(noise_of({&z, 1}).size() == 2);
  CHECK(noise_of_site(z, drawn.sites[0].log_density, {}).size() == 1);
  CHECK(noise_of_site(w, drawn.sites[1].log_density, {&z, 1}).size() == 1);
  CHECK(noise_of_site(w, drawn.sites[1].log_density, {}).size() == 1);
  CHECK(noise_of_site(w, 0.0, {&z, 1}).size() == 1);
  drawn.costs = {{"x", square(z + w + dropped), {}, {}}};
  const int before = r.tape->size();
  loss(drawn.sites, drawn.costs);
  CHECK(count(*r.tape, "uniform", before) == 2);
}

TEST_CASE("what does not depend on a site is computed once for all its copies") {
  const Recorder r;
  const Var hidden = tanh(r.input({5}));  // an encoder
  Drawn drawn;
  const Var z = bernoulli(drawn, r.key, "z", sum(hidden), ScoreFunction{Baseline::leave_one_out(4)});
  drawn.costs = {{"x", square(z - sum(hidden)), {}, {}}};
  const int before = r.tape->size();
  loss(drawn.sites, drawn.costs);
  CHECK(count(*r.tape, "tanh", before) == 0);
  CHECK(count(*r.tape, "sigmoid", before) == 0);
}

TEST_CASE("draws inside a body are seen, and cannot be repeated from outside") {
  const Recorder r;
  const auto step = [&](std::span<const Var> carry, std::span<const Var>, Var i) -> ScanStep {
    return {{carry[0] + normal(r.key.at(i), {})}};
  };
  const Var walk = scan(step, {r.input()}, {}, {.length = 3}).carry[0];
  const auto noise = noise_of({&walk, 1});
  REQUIRE(noise.size() == 1);
  CHECK_THROWS_WITH_AS(redraw(noise, 2, "copies"),
                       doctest::Contains("draws inside a body cannot be repeated"), Error);
}

TEST_CASE("a gamma draw is repeated as a draw of other words at the same concentration") {
  const Recorder r;
  const Var z = log_gamma_draw(r.key / "z", r.input(), {4});
  const auto noise = noise_of({&z, 1});
  REQUIRE(noise.size() == 1);
  const Var copies = batch({&z, 1}, redraw(noise, 3, "copies"), 3)[0];
  CHECK(copies.type() == Type{f64, {3, 4}});
}

// The costs are 1 .. 6 whatever is drawn. At a logit of 0 the gradient is (cost - baseline) (z - 1/2).
TEST_CASE("a running mean is that of past residuals, and weighs its first ones in full") {
  const auto cell = std::make_shared<Cell>(Cell{"baseline/z", Tensor({f64, {2}})});
  const CellSource cells = [&](const std::string&, const Tensor&) { return cell; };
  Compiled compiled = compile([&](Var counter, Var logit, Var cost) {
    Drawn drawn;
    const Var z =
        bernoulli(drawn, Key(counter, f64), "z", logit, ScoreFunction{Baseline::running_mean(0.75)});
    drawn.costs = {{"x", cost + 0.0 * z, {}, {}}};
    const Loss made = loss(drawn.sites, drawn.costs, {.cells = cells});
    const StateUpdate& update = made.updates.at(0);
    counter.place()->tape->store(counter.place()->tape->cell(update.cell), update.value);
    return std::vector<Var>{cost - gradient(made, {&logit, 1})[0] / (z - 0.5)};
  });
  double total = 0, weight = 0;
  for (Index step = 0; step < 6; ++step) {
    const double cost = static_cast<double>(step + 1);
    const double baseline = compiled(Tensor({2}, {Index{1}, step}), Tensor(0.0), Tensor(cost))[0].item();
    CHECK(baseline == doctest::Approx(step == 0 ? 0.0 : total / weight).epsilon(1e-14));
    total = 0.75 * total + 0.25 * cost;
    weight = 0.75 * weight + 0.25;
    CHECK(cell->value.at(0) == doctest::Approx(total).epsilon(1e-14));
    CHECK(cell->value.at(1) == doctest::Approx(weight).epsilon(1e-14));
  }
}

TEST_CASE("f32 stays f32") {
  const Recorder r;
  Drawn drawn;
  const Var logits = r.tape->input({f32, {3}});
  const Plates rows{{"rows", 9, 3}};
  const Var z = bernoulli(drawn, r.key.as(f32), "z", logits, ScoreFunction{Baseline::leave_one_out(2)}, rows);
  drawn.costs = {{"x", square(z), rows, {}}};
  const Loss made = loss(drawn.sites, drawn.costs);
  CHECK(gradient(made, {&logits, 1})[0].type() == Type{f32, {3}});
}

}  // namespace tapir::test
