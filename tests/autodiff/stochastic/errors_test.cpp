// What loss and gradient refuse, verbatim: rules of the axes, and ways to a biased gradient.
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <tapir/autodiff/exec/compile.hpp>
#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/transforms/grad.hpp>

#include "expectation.hpp"

namespace tapir::test {
namespace {

const Estimator plain_score = ScoreFunction{Baseline::none()};

// A tape with inputs and a key of its own.
struct Recorder {
  std::shared_ptr<Tape> tape = Tape::make();
  Key key{tape->input({i64, {2}}), f64};
  Drawn drawn = {};

  Var input(const Shape& shape = {}) const { return tape->input({f64, shape}); }
  Var bernoulli(const std::string& name, const Var& logits, const Plates& plates = {},
                const Estimator& estimator = plain_score) {
    return test::bernoulli(drawn, key, name, logits, estimator, plates);
  }
  void cost(const std::string& name, const Var& value, const Plates& plates = {}) {
    drawn.costs.push_back({name, value, plates, {}});
  }
  Loss loss(const LossOptions& options = {}) const {
    return tapir::loss(drawn.sites, drawn.costs, options, {});
  }
};

// The text without the line.
template <class F>
std::string error_of(const F& f) {
  try {
    f();
  } catch (const Error& error) {
    return "[" + error.op() + "] " + error.message();
  }
  return "no error";
}

std::string loss_error(const Recorder& r) {
  return error_of([&] { r.loss(); });
}

const Plates rows{{"rows", 10, 3}};
const Plates whole_rows{{"rows", 3, 3}};
const Plates columns{{"columns", 3, 3}};

}  // namespace

TEST_CASE("a term outside a subsampled plate cannot depend on a value inside it") {
  Recorder r;
  r.cost("x", sum(r.bernoulli("z", r.input({3}), rows)));
  CHECK(loss_error(r) ==
        "[loss] cost \"x\" lies outside the subsampled plate \"rows\", but depends on site \"z\" inside "
        "it: a minibatch cannot stand for the whole plate there");
}

TEST_CASE("nor by way of a later latent outside the plate") {
  Recorder r;
  const Var z = r.bernoulli("z", r.input({3}), rows);
  r.cost("w", 2.0 * r.bernoulli("w", mean(z)));
  CHECK(loss_error(r) ==
        "[loss] cost \"w\" lies outside the subsampled plate \"rows\", but depends on site \"z\" inside "
        "it: a minibatch cannot stand for the whole plate there");
}

TEST_CASE("a plate cannot arrive at another plate of the same size") {
  Recorder r;
  r.cost("x", square(r.bernoulli("z", r.input({3}), whole_rows)), columns);
  CHECK(loss_error(r) ==
        "[loss] plate \"rows\" of site \"z\" arrives at plate \"columns\" of cost \"x\"; transpose it "
        "back, or open the plates in one order");
}

TEST_CASE("the coincidence of broadcasting from the right is an error") {
  Recorder r;
  const Var z = r.bernoulli("z", r.input({3}), whole_rows);
  r.cost("x", z * r.input({3, 3}), {whole_rows[0], columns[0]});
  CHECK(loss_error(r) ==
        "[loss] plate \"rows\" of site \"z\" arrives at plate \"columns\" of cost \"x\"; transpose it "
        "back, or open the plates in one order");
}

TEST_CASE("a plate of one element may arrive anywhere") {
  Recorder r;
  const Var z = r.bernoulli("z", r.input({1}), {{"one", 1, 1}});
  r.cost("x", square(z), {{"other", 1, 1}});
  CHECK(loss_error(r) == "no error");
}

TEST_CASE("the error tells the line of the cost") {
  Recorder r;
  const Var z = r.bernoulli("z", r.input({3}), rows);
  r.drawn.costs.push_back({"x", sum(z), {}, Where{"model.cpp", 41}});
  CHECK_THROWS_WITH(r.loss(),
                    "[loss] cost \"x\" lies outside the subsampled plate \"rows\", but depends on site \"z\" "
                    "inside it: a minibatch cannot stand for the whole plate there (at model.cpp:41)");
}

TEST_CASE("shapes begin with the plates") {
  Recorder short_cost;
  short_cost.cost("x", sum(short_cost.bernoulli("z", short_cost.input({3}), whole_rows)), whole_rows);
  CHECK(loss_error(short_cost) == "[loss] cost \"x\" is f64[], its plates are [3]");

  Recorder wide_density;
  wide_density.cost("x", sum(wide_density.bernoulli("z", wide_density.input({3}))));
  CHECK(loss_error(wide_density) == "[loss] the log density of site \"z\" is f64[3], its plates are []");

  Recorder short_value;
  short_value.cost("x", square(short_value.bernoulli("z", short_value.input(), whole_rows)));
  CHECK(loss_error(short_value) ==
        "[loss] the value of site \"z\" is f64[], its plates are [3]; their axes come first");
}

TEST_CASE("plates of one name are one plate") {
  Recorder r;
  r.cost("x", square(r.bernoulli("z", r.input({3}), rows)), whole_rows);
  CHECK(loss_error(r) ==
        "[loss] plate \"rows\" has 3 of 10 elements at site \"z\", and 3 of 3 at cost \"x\"");
}

TEST_CASE("sites are listed as they are recorded") {
  Recorder r;
  const Var z = r.bernoulli("z", r.input());
  r.cost("x", z + r.bernoulli("w", z));
  std::swap(r.drawn.sites[0], r.drawn.sites[1]);
  CHECK(loss_error(r) ==
        "[loss] site \"z\" is recorded before site \"w\", and listed after it; sites are listed in the "
        "order of recording");
}

TEST_CASE("something has to be recorded") {
  CHECK(error_of([] { loss({}, {}); }) == "[loss] no cost is recorded: all are plain values");
}

TEST_CASE("a value under the score function is cut") {
  Recorder r;
  r.cost("x", square(r.bernoulli("z", r.input(), {}, Pathwise{})));
  r.drawn.sites[0].estimator = plain_score;
  CHECK(loss_error(r) ==
        "[loss] the value of site \"z\" carries a gradient, but its estimator is score_function(none); "
        "it has to come from place_site with this estimator");
}

TEST_CASE("nothing reads a draw around its placed value") {
  Recorder density;
  const Var loc = density.input();
  const Var draw = loc + normal(density.key / "z", {});
  const Var z = place_site("z", draw, plain_score);
  density.drawn.sites = {{"z", z, -0.5 * square(draw - loc), plain_score, {}, {}}};
  density.cost("x", square(z));
  CHECK(loss_error(density) ==
        "[loss] the log density reads the draw of site \"z\" around its value; compute it from "
        "what place_site returned");
  density.drawn.sites[0].log_density = -0.5 * square(z - loc);
  CHECK(loss_error(density) == "no error");
  density.cost("y", sin(draw));
  CHECK(loss_error(density) ==
        "[loss] cost \"y\" reads the draw of site \"z\" around its value; compute it from what "
        "place_site returned");

  Recorder shared;
  const Var first = shared.bernoulli("z", shared.input());
  const Var noise = uniform(shared.key / "z", {});  // the same stream: the same numbers
  const Var logits = shared.input();
  const Var second = place_site("w", noise < sigmoid(logits), plain_score);
  shared.drawn.sites.push_back({"w", second, bernoulli_log_prob(second, logits), plain_score, {}, {}});
  shared.cost("x", first + second);
  CHECK(loss_error(shared) ==
        "[loss] site \"w\" reads the draw of site \"z\" around its value; each site draws from a "
        "stream of its own");
}

TEST_CASE("noise of the law's parameters may be read by all") {
  Recorder r;
  const Var hidden = r.input() * (uniform(r.key / "dropout", {}) < 0.5);
  r.cost("x", hidden * r.bernoulli("z", hidden));
  CHECK(loss_error(r) == "no error");
}

TEST_CASE("a learned baseline does not see its own site") {
  Recorder r;
  const Var z = r.bernoulli("z", r.input());
  r.cost("x", square(z));
  r.drawn.sites[0].estimator = ScoreFunction{Baseline(r.input() * z)};
  CHECK(loss_error(r) ==
        "[loss] what the estimator of site \"z\" reads depends on the site's own value: a baseline that "
        "sees the draw biases the gradient");
}

TEST_CASE("a learned baseline has one number per element") {
  Recorder r;
  r.cost("x", square(r.bernoulli("z", r.input({3}), whole_rows)), whole_rows);
  r.drawn.sites[0].estimator = ScoreFunction{Baseline(r.input({3, 1}))};
  CHECK(loss_error(r) ==
        "[score_function] the baseline of site \"z\" is f64[3,1], its plates are [3]; it has to be one "
        "number per element, or one for all");
}

TEST_CASE("a surrogate has the axes of its trial") {
  Recorder r;
  r.cost("x", square(r.bernoulli("z", r.input({3}), whole_rows)), whole_rows);
  r.drawn.sites[0].estimator.surrogate = [](const Trial& trial) -> Surrogate {
    return {expand_dims(trial.cost, -1) * trial.log_density};
  };
  CHECK(loss_error(r) == "[loss] the surrogate of site \"z\" is f64[1,3,3], its trial [1,3]");
}

TEST_CASE("leave-one-out needs noise to draw again, and at least two copies") {
  Recorder r;
  const Var draw = r.input();  // drawn by somebody else
  const Var logits = r.input();
  const Estimator estimator = ScoreFunction{Baseline::leave_one_out(2)};
  const Var z = place_site("z", draw, estimator);
  r.drawn.sites = {{"z", z, bernoulli_log_prob(z, logits), estimator, {}, {}}};
  r.cost("x", square(z));
  CHECK(loss_error(r) == "[score_function] site \"z\" has no noise of its own to draw again");
  CHECK(error_of([] { Baseline::leave_one_out(1); }) == "[leave_one_out] needs at least 2 copies, not 1");
}

TEST_CASE("a running mean needs cells, and a decay between 0 and 1") {
  Recorder r;
  r.cost("x", square(r.bernoulli("z", r.input(), {}, ScoreFunction{})));
  CHECK(loss_error(r) == "[score_function] site \"z\": a running mean needs a trainer that keeps its state");
  CHECK(error_of([] { Baseline::running_mean(1.0); }) ==
        "[running_mean] the decay is 1, it has to lie between 0 and 1");
  CHECK(error_of([] { Baseline::none().and_running_mean(0.0); }) ==
        "[running_mean] the decay is 0, it has to lie between 0 and 1");
}

TEST_CASE("sites have names of their own") {
  Recorder r;
  const Var z = r.bernoulli("z", r.input());
  r.cost("x", z + r.bernoulli("w", r.input()));
  r.drawn.sites[1].name = "z";
  CHECK(loss_error(r) == "[loss] two sites are named \"z\"");
}

TEST_CASE("a parameter belongs to the objective or to a baseline") {
  Recorder r;
  const auto cell = std::make_shared<Cell>(Cell{"encode/w", Tensor(0.5)});
  const Var::Parameter parameter{cell, std::make_shared<Binding>(Binding{r.tape})};
  const Var w(parameter);
  const Var v = r.input();
  r.cost("x", square(r.bernoulli("z", w)));
  r.drawn.sites[0].estimator = ScoreFunction{Baseline(w * v)};
  const Loss both = r.loss();
  CHECK(error_of([&] {
          gradient(both, {&w, 1});
        }) == "[loss] both the objective and a baseline depend on parameter \"encode/w\"; a baseline takes "
              "what it reads through "
              "stop_gradient and has parameters of its own");
  r.drawn.sites[0].estimator = ScoreFunction{Baseline(stop_gradient(w) * v)};
  const Loss apart = r.loss();
  const Var all[] = {w, v};
  CHECK(error_of([&] { gradient(apart, all); }) == "no error");
}

TEST_CASE("a parameter that nothing reaches is an error, or zero if that is allowed") {
  Recorder r;
  const Var unused = r.input({2});
  r.cost("x", square(r.bernoulli("z", r.input())));
  const Loss made = r.loss();
  CHECK(error_of([&] {
          gradient(made, {&unused, 1});
        }) == "[grad] the result does not depend on value 0; allow_unused gives zeros");
  const Var zero = gradient(made, {&unused, 1}, /*allow_unused=*/true)[0];
  CHECK(identical(zero.tensor(), Tensor({f64, {2}})));
}

TEST_CASE("a surrogate is of first order") {
  Recorder r;
  const Var logits = r.input();
  r.cost("x", square(r.bernoulli("z", logits)));  // the cost itself does not depend on the logits
  const Loss made = r.loss();
  const Var first = gradient(made, {&logits, 1})[0];
  const std::string reason =
      "a score-function surrogate gives first derivatives only; this estimator has no second-order form";
  CHECK(error_of([&] { grad(first, logits); }) == "[grad] " + reason);
  CHECK(error_of([&] { hessian(made.surrogate, logits); }) == "[grad] " + reason);
  CHECK(error_of([&] { hvp(made.surrogate, logits, 1.0); }) == "[jvp] " + reason);
  const Var one = 1.0;
  const Tangents forward = jvp({&made.surrogate, 1}, {&logits, 1}, {&one, 1});
  REQUIRE(forward[0]);
  CHECK(error_of([&] { grad(*forward[0], logits); }) == "[grad] " + reason);
}

}  // namespace tapir::test
