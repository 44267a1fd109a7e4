// Figure: chains of elementwise operations, forward and gradient, against xtensor with xsimd.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <fmt/format.h>

#include "contest.hpp"
#include "hand/chains.hpp"
#include "program_of.hpp"
#include "report.hpp"

namespace tapir::bench {
namespace {

Var chain(const Var& x, const Var& w, const Var& b) { return tanh(x * w + b) * exp(-0.5 * square(x)); }

hand::Values values(const Tensor& tensor) {
  const auto view = tensor.view<float>();
  return {view.begin(), view.end()};
}

void check(ProgramOf& program, const std::vector<std::pair<std::string, hand::Chain>>& others) {
  program.run();
  for (const auto& [name, other] : others) {
    other.gradient();
    const auto results = other.results();
    for (std::size_t i = 0; i < results.size(); ++i) {
      const auto ours = values(program.result(i));
      require_close("chain, " + name, {ours.begin(), ours.end()}, {results[i].begin(), results[i].end()},
                    1e-5);
    }
  }
}

void one(Report& report, Index n) {
  std::vector<Tensor> inputs;
  for (const char* name : {"x", "w", "b", "g"})
    inputs.push_back(normal(Key(3, DType::f32) / name, {n}).tensor());
  ProgramOf forward([](std::span<const Var> in) { return std::vector<Var>{chain(in[0], in[1], in[2])}; },
                    {inputs[0], inputs[1], inputs[2]});
  ProgramOf gradient(
      [](std::span<const Var> in) {
        const Var y = chain(in[0], in[1], in[2]);
        std::vector<Var> all{y};
        for (const auto& by : vjp({&y, 1}, in.subspan(3, 1), in.first(3))) all.push_back(*by);
        return all;
      },
      inputs);
  const auto x = values(inputs[0]), w = values(inputs[1]), b = values(inputs[2]), g = values(inputs[3]);
  const std::vector<std::pair<std::string, hand::Chain>> others{
      {"xtensor by operation", hand::chain_by_operation(x, w, b, g)},
      {"xtensor by expression", hand::chain_by_expression(x, w, b, g)},
      {"hand", hand::chain_by_hand(x, w, b, g)}};
  check(gradient, others);
  if (n == 1000000) {
    const ProgramFacts facts = gradient.program().facts();
    report.add("chain, forward + gradient: fused passes", facts.fused_passes, "");
    report.add("chain, forward + gradient: arena", static_cast<double>(facts.arena_bytes) / (1 << 20), "MiB");
  }
  for (const bool backwards : {false, true}) {
    Contest contest;
    contest.add("tapir", [&] { backwards ? gradient.run() : forward.run(); });
    for (const auto& [name, other] : others) contest.add(name, backwards ? other.gradient : other.forward);
    contest.run();
    const std::string title = fmt::format("chain n=1e{:.0f}, {}: ", std::log10(static_cast<double>(n)),
                                          backwards ? "forward + gradient" : "forward");
    for (const auto& [name, other] : others) {
      const bool target = backwards && n == 1000000 && name == "xtensor by operation";
      report.add(title + name + " over tapir", contest.ratio(name, "tapir"), "ratio",
                 target ? std::optional(at_least(2)) : std::nullopt);
    }
    report.add(title + "tapir", 1e9 * contest.seconds("tapir") / static_cast<double>(n), "ns/elem");
  }
}

void run(Report& report) {
  for (Index n = 100; n <= 10000000; n *= 10) one(report, n);
}

const Figure figure("chains", "y = tanh(x w + b) exp(-x^2/2), f32, against xtensor + xsimd", run);

}  // namespace
}  // namespace tapir::bench
