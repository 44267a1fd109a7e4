// Which noise is that of latent sites.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/particles.hpp>

#include <tapir/autodiff/stochastic/noise.hpp>
#include <tapir/autodiff/stochastic/site.hpp>
#include <tapir/autodiff/transforms/batch.hpp>

namespace tapir::vi {
namespace {

// What the outputs depend on; with `through_sites` false, other than through the value of a site.
std::vector<bool> reached(const Tape& tape, std::span<const Var> outputs, bool through_sites) {
  std::vector<bool> marked(static_cast<std::size_t>(tape.size()));
  for (const Var& output : outputs)
    if (const auto place = output.place(); place && place->tape.get() == &tape)
      marked[static_cast<std::size_t>(place->ref.node)] = true;
  for (int i = tape.size() - 1; i >= 0; --i)
    if (marked[static_cast<std::size_t>(i)] && (through_sites || tape.node(i).op != &ops::site))
      for (Ref ref : tape.node(i).inputs) marked[static_cast<std::size_t>(ref.node)] = true;
  return marked;
}

// The noise that the outputs see through sites only. The copies that an estimator made have sites of their
// own.
std::vector<Var> latent_noise(const std::shared_ptr<Tape>& tape, std::span<const Var> outputs) {
  const auto all = reached(*tape, outputs, true);
  const auto around = reached(*tape, outputs, false);
  std::vector<Var> noise;
  for (int i = 0; i < static_cast<int>(all.size()); ++i) {
    if (!all[static_cast<std::size_t>(i)] || around[static_cast<std::size_t>(i)]) continue;
    std::vector<Var> operands;
    for (Ref ref : tape->node(i).inputs) operands.push_back(tape->var(ref));
    const Var result = tape->var({i, 0});
    const auto drawn = noise_of({&result, 1}, operands);  // of this node alone
    noise.insert(noise.end(), drawn.begin(), drawn.end());
  }
  return noise;
}

}  // namespace

std::vector<Var> over_draws(std::span<const Var> outputs, Index count, Where where) {
  const auto tape = tape_of(outputs);
  std::vector<Replacement> fresh;
  if (tape) fresh = redraw(latent_noise(tape, outputs), count, "particles");
  return batch(outputs, fresh, count, where);
}

}  // namespace tapir::vi
