// Figure: recording, differentiating and planning.
// SPDX-License-Identifier: BSD-3-Clause
#include "contest.hpp"
#include "report.hpp"
#include "vae.hpp"

namespace tapir::bench {
namespace {

void run(Report& report) {
  const VaeSetting setting;
  const Type type{DType::f32, {setting.batch, 784}};
  Contest contest;
  // Parameters and their first values are made before; the state of Adam is made while recording.
  contest.add_timed("all", [&](std::size_t repeats) {
    double seconds = 0;
    for (std::size_t i = 0; i < repeats; ++i) {
      TapirVae vae(setting, adam(1e-3));
      const double start = cpu_seconds();
      (void)vae.svi.program({&type, 1});
      seconds += cpu_seconds() - start;
    }
    return seconds;
  });
  TapirVae vae(setting, adam(1e-3));
  const Tape& tape = vae.svi.program({&type, 1}).tape();
  const auto pool = std::make_shared<Pool>(1);
  contest.add("plan", [&] { const Program program(tape.shared_from_this(), {}, pool); });
  contest.run();
  report.add("recording the VAE step: record + differentiate + plan", 1e3 * contest.seconds("all"), "ms",
             at_most(20));
  report.add("recording the VAE step: planning", 1e3 * contest.seconds("plan"), "ms");
  report.add("recording the VAE step: nodes of the tape", tape.size(), "");
}

const Figure figure("recording", "what the first step costs before it runs", run);

}  // namespace
}  // namespace tapir::bench
