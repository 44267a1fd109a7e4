// Figure: a step of stochastic variational inference through the user's API, linear regression 100x3.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/vi.hpp>

#include "contest.hpp"
#include "density.hpp"
#include "report.hpp"
#include "support/allocations.hpp"

namespace tapir::bench {
namespace {

void run(Report& report) {
  constexpr Index n = 100, d = 3;
  const Tensor inputs = numbers({n, d}, "x"), responses = numbers({n}, "y");
  const auto model = [](vi::Context& c, const Var& x, const Var& y) {
    const Var intercept = c.sample("intercept", vi::Normal{0, 10});
    const Var slopes = c.sample("slopes", vi::iid(vi::Normal{0, 10}, {x.shape()[1]}));
    const auto rows = c.plate("rows", x.shape()[0]);
    c.observe("response", vi::Normal{.loc = intercept + sum(x * slopes, 1), .scale = 0.5}, y);
  };
  Params params(0, DType::f64);
  const vi::MeanFieldNormal guide(params / "guide", model, {inputs, responses});
  vi::Svi svi(params, model, guide, adam(1e-3), {.threads = 1});
  Contest contest;
  contest.add("step", [&] { svi.step(inputs, responses); });
  contest.run();
  report.add("regression 100x3: SVI step through the user's API", 1e6 * contest.seconds("step"), "us",
             at_most(5));
  std::size_t count = 0;
  {
    const test::AllocationCount counter;
    for (int i = 0; i < 10; ++i) svi.step(inputs, responses);
    count = counter.count();
  }
  report.add("regression 100x3: heap allocations per step", static_cast<double>(count) / 10, "", at_most(0));
  const std::vector<Type> types{inputs.type(), responses.type()};
  const ProgramFacts facts = svi.program(types).facts();
  report.add("regression 100x3: nodes", facts.nodes, "");
  report.add("regression 100x3: steps of the program", facts.steps, "");
}

const Figure figure("regression", "an SVI step, mean field, one draw, Adam, f64", run);

}  // namespace
}  // namespace tapir::bench
