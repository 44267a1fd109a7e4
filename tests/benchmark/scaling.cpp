// Figure: how the cost of a step grows, with the fitted exponents.
// SPDX-License-Identifier: BSD-3-Clause
#include <functional>

#include <fmt/format.h>

#include "contest.hpp"
#include "program_of.hpp"
#include "report.hpp"
#include "vae.hpp"

namespace tapir::bench {
namespace {

// Times `make(size)`'s work at each size, side by side.
void growth(Report& report, const std::string& name, const std::vector<Index>& sizes,
            const std::function<std::function<void()>(Index)>& make) {
  Contest contest({.seconds = 0.3 * Contest::default_seconds, .rounds = 11});
  for (const Index size : sizes) contest.add(std::to_string(size), make(size));
  contest.run();
  std::vector<double> x, y;
  for (const Index size : sizes) {
    x.push_back(static_cast<double>(size));
    y.push_back(contest.seconds(std::to_string(size)));
    report.add(fmt::format("{} = {}", name, size), 1e6 * y.back(), "us");
  }
  report.add(name + ": exponent", exponent(x, y), "");
}

std::function<void()> step_of(const VaeSetting& setting) {
  auto vae = std::make_shared<TapirVae>(setting, adam(1e-3));
  return [vae, x = digits(setting)] { vae->svi.step(x); };
}

// A chain of products of scalars with a sum each: nothing that fuses across.
std::vector<Var> small_nodes(std::span<const Var> x, Index count) {
  Var y = x[0];
  for (Index i = 0; i < count; ++i) y = i % 2 ? sum(y * x[0]) : tanh(y);
  return {sum(y)};
}

void run(Report& report) {
  growth(report, "VAE step, batch", {32, 64, 128, 256, 512, 1024},
         [](Index n) { return step_of({.batch = n}); });
  growth(report, "VAE step, hidden", {100, 200, 400, 800, 1600},
         [](Index n) { return step_of({.hidden = n}); });
  growth(report, "VAE step, latents", {5, 10, 20, 40, 80, 160},
         [](Index n) { return step_of({.latent = n}); });
  const std::vector<Tensor> at{Tensor({4}, {0.1, 0.2, 0.3, 0.4})};
  const std::vector<Index> nodes{30, 100, 300, 1000, 3000, 10000};
  growth(report, "small nodes, value + gradient, recorded", nodes, [&](Index n) -> std::function<void()> {
    auto f = with_gradient([n](std::span<const Var> x) { return small_nodes(x, n); });
    auto program = std::make_shared<ProgramOf>(f, at);
    report.add(fmt::format("small nodes, value + gradient, recorded = {}: nodes that run", n),
               program->program().facts().nodes, "");
    return [program] { program->run(); };
  });
  growth(report, "record + differentiate + plan, small nodes", {30, 100, 300, 1000, 3000},
         [&](Index n) -> std::function<void()> {
           auto f = with_gradient([n](std::span<const Var> x) { return small_nodes(x, n); });
           return [f, at] { const ProgramOf program(f, at); };
         });
}

const Figure figure("scaling", "cost of a step as batch, width, latents and nodes grow", run);

}  // namespace
}  // namespace tapir::bench
