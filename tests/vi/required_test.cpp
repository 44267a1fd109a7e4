// Recorded parameters outside their sets: NaN, and what the checked run mode says.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/program.hpp>
#include <tapir/autodiff/transforms/grad.hpp>
#include <tapir/vi/distributions/distributions.hpp>

namespace tapir::vi {
namespace {

using Make = std::function<Distribution(std::span<const Var>)>;

struct Case {
  Make make;
  std::vector<Tensor> parameters;
  double x;
  std::string error;  // up to the node
};

const Case cases[] = {
    {[](auto p) {
       return Normal{0, p[0]};
     },
     {Tensor(-1.0)},
     0.5,
     "[Normal] scale is -1, needs to be positive"},
    {[](auto p) { return Exponential{p[0]}; },
     {Tensor({3}, {1.0, 2.0, -1.0})},
     0.5,
     "[Exponential] rate is -1 at [2] of f64[3], needs to be positive"},
    {[](auto p) {
       return VonMises{0, p[0]};
     },
     {Tensor(-2.0)},
     0.5,
     "[VonMises] concentration is -2, needs to be at least 0"},
    {[](auto p) {
       return InverseGaussian{p[0], 1};
     },
     {Tensor(-2.0)},
     0.5,
     "[InverseGaussian] loc is -2, needs to be positive"},
    {[](auto p) {
       return AsymmetricLaplace{0, p[0], p[1]};
     },
     {Tensor(-2.0), Tensor(-1.0)},
     0.5,
     "[AsymmetricLaplace] scale is -2, needs to be positive"},
    {[](auto p) { return Poisson{p[0]}; }, {Tensor(-1.5)}, 0, "[Poisson] rate is -1.5, needs to be positive"},
    {[](auto p) {
       return Binomial{p[0], 0.3};
     },
     {Tensor(2.5)},
     1,
     "[Binomial] total_count is 2.5, needs to be a whole number in [0, 9007199254740992]"},
    {[](auto p) {
       return Uniform{p[0], p[1]};
     },
     {Tensor(2.0), Tensor(1.0)},
     0,
     "[Uniform] high is 1, beyond a bound of it that the program computes"},
};

struct Run {
  std::vector<Tensor> values;
  std::string error;
};

Run run_of(const Case& c, const std::function<Var(const Distribution&)>& of) {
  const auto tape = Tape::make();
  std::vector<Var> p;
  for (const Tensor& value : c.parameters) p.push_back(tape->input(value.type()));
  const Var y = of(c.make(p));
  tape->guard(y);
  Program program(tape, {y.place()->ref}), looking(tape, {y.place()->ref}, nullptr, {.checked = true});
  CHECK_FALSE(program.run(c.parameters));
  Run run{{program.outputs().begin(), program.outputs().end()}, {}};
  try {
    (void)looking.run(c.parameters);
  } catch (const Error& e) {
    run.error = e.what();
  }
  return run;
}

void check(const Case& c, const std::function<Var(const Distribution&)>& of) {
  CAPTURE(c.error);
  const Run run = run_of(c, of);
  const Tensor& y = run.values[0];
  bool missing = false;
  for (Index i = 0; i < y.size(); ++i) missing |= std::isnan(y.at(i));
  CHECK(missing);
  CHECK(run.error.substr(0, c.error.size() + 2) == c.error + ": ");
}

}  // namespace

TEST_CASE("a recorded parameter outside its set makes NaN of a density, and the checked mode names law, "
          "parameter and value") {
  for (const Case& c : cases) check(c, [&](const Distribution& law) { return law.log_prob(c.x); });
}

TEST_CASE("a recorded parameter outside its set makes NaN of a draw, and the checked mode names it") {
  for (const Case& c : cases)
    check(c, [&](const Distribution& law) { return law.sample(Key(3, f64), law.batch_shape()); });
}

TEST_CASE("a NaN that a parameter has got elsewhere is not blamed on the law") {
  const auto tape = Tape::make();
  const Var scale = tape->input({f64, {}});
  const Var y = Distribution(Normal{0, log(scale)}).log_prob(0.5);
  tape->guard(y);
  Program looking(tape, {y.place()->ref}, nullptr, {.checked = true});
  const std::vector<Tensor> in{Tensor(-1.0)};
  std::string text;
  try {
    (void)looking.run(in);
  } catch (const Error& e) {
    text = e.what();
  }
  CHECK(text.substr(0, 15) == "[log] gives NaN");
}

TEST_CASE("a recorded parameter inside its set stays as it is, and so does its gradient") {
  const auto tape = Tape::make();
  const Var scale = tape->input({f64, {}});
  const Var checked = Distribution(Normal{0, scale}).log_prob(0.5), bare = Normal{0, scale}.log_prob(0.5);
  const std::vector<Ref> refs{checked.place()->ref, bare.place()->ref, grad(checked, scale).place()->ref,
                              grad(bare, scale).place()->ref};
  Program program(tape, refs);
  const std::vector<Tensor> in{Tensor(1.7)};
  REQUIRE(program.run(in));
  CHECK(program.outputs()[0].item() == program.outputs()[1].item());
  CHECK(program.outputs()[2].item() == program.outputs()[3].item());
}

}  // namespace tapir::vi
