// Figure: a training step of the autoencoder against its products alone, hand-written code, other libraries.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "contest.hpp"
#include "report.hpp"
#include "served.hpp"
#include "support/allocations.hpp"
#include "vae.hpp"

namespace tapir::bench {
namespace {

std::vector<double> values_of(const Params& params) {
  std::vector<double> result;
  for (const std::string& path : params.paths()) {
    const Tensor value = params.value(path);
    for (float x : value.view<float>()) result.push_back(x);
  }
  return result;
}

// One step without and three steps with Adam, on the same noise, from the same parameters: the same loss,
// gradient, and parameters afterwards.
void check(const VaeSetting& setting) {
  const Tensor x = digits(setting);
  const Tensor noise = normal(Key(0, DType::f32) / "guide" / "z", {setting.batch, setting.latent}).tensor();
  hand::Vae by_hand(sizes(setting), hand::Blas::openblas, setting.threads, share(setting.threads));
  by_hand.fix_noise(noise.view<float>());

  TapirVae plain(setting, sgd(1.0));
  copy_parameters(plain.params, by_hand);
  std::vector<double> gradient = values_of(plain.params);
  const double loss = -plain.svi.step(x).per_element;
  require_close("loss of the autoencoder", loss, by_hand.loss(x.view<float>().data()), 1e-5);
  const auto after = values_of(plain.params);
  for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] -= after[i];
  require_close("gradient of the autoencoder", gradient,
                in_order_of(plain.params, by_hand.gradient(), setting), 1e-3);

  TapirVae adaptive(setting, adam(1e-3));
  copy_parameters(adaptive.params, by_hand);
  adaptive.svi.step(x);
  by_hand.step(x.view<float>().data());
  // Adam's first step is r sign(g): where g is all rounding, so is the sign. All but a few have to agree.
  const auto ours = values_of(adaptive.params);
  const auto theirs = in_order_of(adaptive.params, by_hand.parameters(), setting);
  std::size_t apart = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) apart += std::abs(ours[i] - theirs[i]) > 1e-5;
  require_close("parameters after a step of Adam", 0.0, static_cast<double>(apart > ours.size() / 1000), 0.5);
}

// ---- other libraries, each in a process of its own ----

struct Rival {
  std::string name;
  std::vector<std::string> command;
};

std::vector<Rival> rivals(const VaeSetting& setting) {
  const std::vector<std::string> numbers{std::to_string(setting.batch), std::to_string(setting.hidden),
                                         std::to_string(setting.threads)};
  const auto with = [&](std::vector<std::string> command) {
    command.insert(command.end(), numbers.begin(), numbers.end());
    return command;
  };
  // With the OpenBLAS that shares its OpenMP threads; these wait in their own way, or passively.
  std::vector<std::string> torch{"env", std::string("LD_LIBRARY_PATH=") + TAPIR_OPENBLAS_OPENMP,
                                 folder_of_program() + "/tapir_benchmark_torch"};
  std::vector<Rival> all{{"libtorch", with(torch)}};
  torch.insert(torch.begin() + 1, "OMP_WAIT_POLICY=passive");
  if (setting.threads > 1) all.push_back({"libtorch, passive waits", with(torch)});
  if (const char* python = std::getenv("TAPIR_BENCHMARK_PYTHON"))
    for (const std::string name : {"pytorch", "jax", "numpyro"})
      all.push_back({name, with({python, TAPIR_BENCHMARK_COMPARE "/" + name + "_vae.py"})});
  return all;
}

std::optional<Target> libtorch_target(const VaeSetting& s) {
  if (s.hidden != 400 || s.batch != 128) return {};
  return s.threads == 1 ? at_least(1.5) : at_least(1.6);
}

// ---- the figure ----

std::optional<Target> hand_target(const VaeSetting& s) {
  if (s.threads != 1) return {};
  if (s.batch == 128 && s.hidden == 400) return at_most(1.10);
  if (s.batch == 512) return at_most(1.05);
  return {};
}

// Null where this machine multiplies no bf16 by blocks.
std::unique_ptr<TapirVae> in_bf16(VaeSetting setting, const Tensor& x) {
  setting.precision = Precision::bf16;
  try {
    auto vae = std::make_unique<TapirVae>(setting, adam(1e-3));
    vae->svi.step(x);
    return vae;
  } catch (const Error&) {
    return nullptr;
  }
}

void one(Report& report, const VaeSetting& setting) {
  const Tensor x = digits(setting);
  const float* pixels = x.view<float>().data();
  TapirVae vae(setting, adam(1e-3));
  Contest contest({.wall = setting.threads > 1 || report.compare, .seconds = 4 * Contest::default_seconds});
  contest.add("tapir", [&] { vae.svi.step(x); });
  const auto rounded = in_bf16(setting, x);
  if (rounded) contest.add("tapir, bf16", [&] { rounded->svi.step(x); });
  std::vector<std::unique_ptr<hand::Vae>> by_hand;
  for (const auto blas : {hand::Blas::openblas, hand::Blas::onednn}) {
    if (!hand::has_gemm(blas)) continue;
    by_hand.push_back(
        std::make_unique<hand::Vae>(sizes(setting), blas, setting.threads, share(setting.threads)));
    hand::Vae* one = by_hand.back().get();
    copy_parameters(vae.params, *one);
    contest.add(std::string("hand, ") + name_of(blas), [one, pixels] { one->step(pixels); });
    contest.add(std::string("products, ") + name_of(blas), [one, pixels] { one->products(pixels); });
  }
  std::vector<std::pair<std::string, std::unique_ptr<Served>>> others;
  if (report.compare)
    for (const Rival& rival : rivals(setting)) {
      auto served = Served::start(rival.command);
      if (!served) {
        report.say(rival.name + ": not there, left out");
        continue;
      }
      contest.add_timed(rival.name,
                        [&child = *served](std::size_t repeats) { return child.seconds(repeats); });
      others.emplace_back(rival.name, std::move(served));
    }
  contest.run();

  const std::string name = "vae " + setting.str() + ": ";
  for (const std::string which : {"hand, OpenBLAS", "hand, oneDNN"})
    if (contest.has(which))
      report.add(name + "tapir over " + which, contest.ratio("tapir", which), "ratio",
                 which == "hand, OpenBLAS" ? hand_target(setting) : std::nullopt);
  report.add(name + "tapir over products, OpenBLAS", contest.ratio("tapir", "products, OpenBLAS"), "ratio");
  if (rounded) report.add(name + "tapir over tapir, bf16", contest.ratio("tapir", "tapir, bf16"), "ratio");
  std::optional<double> libtorch;  // at its best
  for (const auto& [rival, served] : others) {
    const double ratio = contest.ratio(rival, "tapir");
    if (rival.starts_with("libtorch"))
      libtorch = std::min(libtorch.value_or(ratio), ratio);
    else
      report.add(name + rival + " over tapir", ratio, "ratio");
  }
  if (libtorch)
    report.add(name + "libtorch at its best over tapir", libtorch, "ratio", libtorch_target(setting));
  if (rounded && contest.has("libtorch") && libtorch_target(setting))
    report.add(name + "libtorch over tapir, bf16", contest.ratio("libtorch", "tapir, bf16"), "ratio",
               at_least(3.5));
  for (const std::string who :
       {"tapir", "tapir, bf16", "hand, OpenBLAS", "products, OpenBLAS", "hand, oneDNN", "products, oneDNN"})
    if (contest.has(who)) report.add(name + who, 1e6 * contest.seconds(who), "us");
  for (const auto& [rival, served] : others) {
    report.add(name + rival, 1e6 * contest.seconds(rival), "us");
    report.add(name + rival + ", peak memory", served->peak_mib(), "MiB");
  }
}

void memory(Report& report, const VaeSetting& setting) {
  const double data = static_cast<double>(setting.batch) * 784 * 4 / (1 << 20);
  for (const std::string who : {"tapir", "hand"}) {
    const auto child = Served::start(self({who, std::to_string(setting.batch), std::to_string(setting.hidden),
                                           std::to_string(setting.threads)}));
    (void)child->seconds(20);
    const bool target = who == "tapir" && setting.hidden == 400 && setting.batch == 128;
    report.add("vae " + setting.str() + ": " + who + ", peak memory beyond the data",
               child->peak_mib() - data, "MiB", target ? std::optional(at_most(50)) : std::nullopt);
  }
}

void allocations(Report& report) {
  const VaeSetting setting;
  TapirVae vae(setting, adam(1e-3));
  const Tensor x = digits(setting);
  for (int i = 0; i < 3; ++i) vae.svi.step(x);
  std::size_t count = 0;
  {
    const test::AllocationCount counter;
    for (int i = 0; i < 10; ++i) vae.svi.step(x);
    count = counter.count();
  }
  report.add("vae: heap allocations per replayed step", static_cast<double>(count) / 10, "", at_most(0));
  const Type type = x.type();
  const ProgramFacts facts = vae.svi.program({&type, 1}).facts();
  report.add("vae: steps of the program", facts.steps, "");
  report.add("vae: fused passes", facts.fused_passes, "");
  report.add("vae: arena", static_cast<double>(facts.arena_bytes) / (1 << 20), "MiB");
}

void run(Report& report) {
  check({.batch = 128, .hidden = 400, .threads = 1});
  check({.batch = 64, .hidden = 96, .threads = 2});
  for (int threads : {1, 2})
    for (const auto& [batch, hidden] :
         {std::pair<Index, Index>{128, 400}, {512, 400}, {128, 1024}, {512, 1024}})
      one(report, {.batch = batch, .hidden = hidden, .threads = threads});
  memory(report, {});
  memory(report, {.batch = 512, .hidden = 1024});
  allocations(report);
}

const Figure figure("vae", "a training step, 784-H-(20,20)-H-784, f32, Adam", run);

}  // namespace
}  // namespace tapir::bench
