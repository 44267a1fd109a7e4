// Recording densities, checking them against each other, timing them.
// SPDX-License-Identifier: BSD-3-Clause
#include "density.hpp"

#include "support/allocations.hpp"

namespace tapir::bench {
namespace {

// Mean-field ADVI on the tape: loc + scale * noise for every parameter; the entropy is the sum of log scales.
Trainer advi(const DensityCase& density) {
  Params params(0, DType::f64);
  std::vector<std::pair<Var, Var>> guide;
  for (std::size_t i = 0; i < density.at.size(); ++i) {
    const Scope scope = params / std::to_string(i);
    guide.emplace_back(scope.param("loc", density.at[i]),
                       scope.param("log_scale", Tensor::full(density.at[i].type(), -2.0)));
  }
  const auto loss = [guide, log_density = density.formulations[0].log_density](const Key& key,
                                                                               std::span<const Var>) -> Var {
    std::vector<Var> draws;
    Var entropy = 0.0;
    for (std::size_t i = 0; i < guide.size(); ++i) {
      const auto& [loc, log_scale] = guide[i];
      draws.push_back(loc + exp(log_scale) * normal(key / std::to_string(i), loc.shape()));
      entropy = entropy + sum(log_scale);
    }
    return -(log_density(draws)[0] + entropy);
  };
  return {params, loss, adam(1e-3), TrainerOptions{.threads = 1}};
}

template <class F>
double allocations_of(const F& run) {
  for (int i = 0; i < 3; ++i) run();
  const test::AllocationCount counter;
  for (int i = 0; i < 10; ++i) run();
  return static_cast<double>(counter.count()) / 10;
}

// All elements, one tensor after another.
std::vector<double> flat(const std::vector<Tensor>& tensors) {
  std::vector<double> all;
  for (const Tensor& tensor : tensors)
    for (Index i = 0; i < tensor.size(); ++i) all.push_back(tensor.at(i));
  return all;
}

std::vector<double> gradient(const ProgramOf& program, std::size_t inputs) {
  std::vector<Tensor> by;
  for (std::size_t i = 1; i <= inputs; ++i) by.push_back(program.result(i));
  return flat(by);
}

void check(const DensityCase& density, std::vector<ProgramOf>& programs) {
  const std::vector<double> q = flat(density.at);
  std::vector<double> g(q.size());
  for (std::size_t f = 0; f < programs.size(); ++f) {
    programs[f].run();
    for (const auto& [name, function] : density.by_hand) {
      const std::string what = density.name + " " + density.formulations[f].name + ", " + name;
      require_close(what + ": value", programs[f].result(0).item(), function(q.data(), g.data()),
                    density.tolerance);
      require_close(what + ": gradient", gradient(programs[f], density.at.size()), g, density.tolerance);
    }
  }
}

}  // namespace

void measure(Report& report, const DensityCase& density) {
  std::vector<ProgramOf> programs;
  for (const Formulation& f : density.formulations)
    programs.emplace_back(with_gradient(f.log_density), density.at);
  check(density, programs);
  const auto titled = [&](const Formulation& f) { return f.name.empty() ? "tapir" : "tapir, " + f.name; };

  Contest contest;
  const std::vector<double> q = flat(density.at);
  std::vector<double> g(q.size());
  for (const auto& [name, function] : density.by_hand)
    contest.add(name, [&, f = &function] { benchmark::DoNotOptimize((*f)(q.data(), g.data())); });
  for (std::size_t i = 0; i < programs.size(); ++i)
    contest.add(titled(density.formulations[i]), [&program = programs[i]] { program.run(); });
  Compiled compiled(with_gradient(density.formulations[0].log_density));
  contest.add("compiled", [&] { compiled(std::span<const Tensor>(density.at)); });
  std::optional<Trainer> trainer;
  if (density.advi) {
    trainer.emplace(advi(density));
    contest.add("advi", [&] { trainer->step(); });
  }
  contest.run();

  const std::string name = density.name + ": ";
  const std::string& best = density.by_hand[0].first;
  for (const Formulation& f : density.formulations) {
    const std::string who = titled(f);
    report.add(name + who + " over " + best, contest.ratio(who, best), "ratio", f.over_hand);
    report.add(name + who + ", value + gradient", 1e6 * contest.seconds(who), "us", f.microseconds);
  }
  report.add(name + "a call of the compiled function", 1e6 * contest.seconds("compiled"), "us");
  for (const auto& [who, function] : density.by_hand)
    report.add(name + who, 1e6 * contest.seconds(who), "us");
  if (trainer) {
    report.add(name + "ADVI step, one draw, Adam", 1e6 * contest.seconds("advi"), "us",
               density.advi_microseconds);
    report.add(name + "ADVI steps", 1 / contest.seconds("advi"), "1/s");
    report.add(name + "heap allocations per ADVI step", allocations_of([&] { trainer->step(); }), "",
               at_most(0));
  }
  const ProgramFacts facts = programs[0].program().facts();
  report.add(name + "nodes", facts.nodes, "");
  report.add(name + "steps of the program", facts.steps, "");
}

Tensor numbers(const Shape& shape, std::string_view stream, double scale) {
  return (scale * normal(Key(1) / stream, shape)).tensor();
}

}  // namespace tapir::bench
