// Running a fused pass.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/fused.hpp>

#include <algorithm>

namespace tapir {

namespace {

// Below this many element-operations a fork costs more than it saves.
constexpr Index worth_a_fork = 1 << 16;

std::array<const void*, FusedPass::most_operands> at_pointers(void* const* pointers,
                                                              const std::vector<int>& which) {
  std::array<const void*, FusedPass::most_operands> in{};
  for (std::size_t i = 0; i < which.size(); ++i) in[i] = pointers[which[i]];
  return in;
}

}  // namespace

void FusedPass::run(void* const* pointers, std::byte* scratch, Pool& pool) const {
  if (size == 0) return;
  if (piece > 0) return run_pieces(pointers, scratch, pool);
  const Index tiles = (size + tile - 1) / tile;
  if (pool.threads() == 1 || tiles < 2 || size * operations < worth_a_fork) {
    run_range(pointers, scratch, 0, size);
    return;
  }
  const Index pieces = std::min<Index>(tiles, 4 * pool.threads());
  const Index tiles_each = (tiles + pieces - 1) / pieces;
  pool.run(pieces, [&](Index i, int thread) {
    const Index begin = std::min(size, i * tiles_each * tile);
    const Index end = std::min(size, (i + 1) * tiles_each * tile);
    run_range(pointers, scratch + static_cast<std::size_t>(thread) * scratch_bytes(), begin, end);
  });
}

// Each piece has states of its own, whichever thread it is run by.
void FusedPass::run_pieces(void* const* pointers, std::byte* scratch, Pool& pool) const {
  const Index pieces = (size + piece - 1) / piece;
  const auto one = [&](Index i, int thread) {
    std::byte* mine = scratch + static_cast<std::size_t>(thread) * scratch_bytes();
    for (const Ending& e : endings) e.epilogue.start(mine + states_at() + e.state);
    run_range(pointers, mine, i * piece, std::min(size, (i + 1) * piece));
    for (const Ending& e : endings)
      e.epilogue.finish(mine + states_at() + e.state, partial_of(e, pointers, i));
  };
  if (size * operations < worth_a_fork)
    for (Index i = 0; i < pieces; ++i) one(i, 0);
  else
    pool.run(pieces, one);
  for (const Ending& e : endings)
    if (pieces > 1) e.epilogue.combine(partial_of(e, pointers, 0), pieces, pointers[e.out]);
}

void* FusedPass::partial_of(const Ending& ending, void* const* pointers, Index i) const {
  if (size <= piece) return pointers[ending.out];
  return partials.get() + ending.partial + static_cast<std::size_t>(i) * ending.epilogue.needs.partial;
}

void FusedPass::start(void* const* pointers, std::byte** table, std::byte* slot_memory, Index begin,
                      Index n) const {
  for (int reg = 0; reg < registers; ++reg) {
    const int slot = slot_of[static_cast<std::size_t>(reg)];
    if (slot >= 0) table[reg] = slot_memory + static_cast<std::size_t>(slot) * slot_bytes();
  }
  for (const Walk& walk : walks)
    table[walk.reg] = static_cast<std::byte*>(pointers[walk.pointer]) + begin * walk.width;
  for (const Fill& fill : fills)
    if (fill.once) fill.stretch.copy(pointers[fill.pointer], table[fill.reg], 0, n);
}

// The share of one instruction in fetching elements [from, to) of all streams.
void FusedPass::fetch(void* const* pointers, std::size_t instruction, Index from, Index to) const {
  constexpr Index line = 64;
  const std::size_t first = streams.size() * instruction / instructions.size();
  const std::size_t last = streams.size() * (instruction + 1) / instructions.size();
  for (std::size_t s = first; s < last; ++s) {
    const auto* memory = static_cast<const std::byte*>(pointers[streams[s].pointer]);
    for (Index byte = from * streams[s].width; byte < to * streams[s].width; byte += line)
      __builtin_prefetch(memory + byte);
  }
}

void FusedPass::run_range(void* const* pointers, std::byte* scratch, Index begin, Index end) const {
  if (begin >= end) return;
  auto** table = reinterpret_cast<std::byte**>(scratch);
  start(pointers, table, scratch + table_bytes(), begin, std::min(tile, end - begin));
  for (Index from = begin; from < end; from += tile) {
    const Index to = std::min(from + tile, end);
    for (const Fill& fill : fills)
      if (!fill.once) fill.stretch.copy(pointers[fill.pointer], table[fill.reg], from, to);
    for (const Opening& opening : openings)
      opening.prologue(at_pointers(pointers, opening.pointers).data(), table[opening.reg], from, to);
    for (std::size_t i = 0; i < instructions.size(); ++i) {
      const Instruction& instruction = instructions[i];
      std::array<const void*, most_chain_operands> in;
      for (std::size_t k = 0; k < static_cast<std::size_t>(instruction.operands); ++k)
        in[k] = table[instruction.in[k]];
      instruction.kernel(in.data(), table[instruction.out], to - from);
      if (!streams.empty()) fetch(pointers, i, to, std::min(to + tile, end));
    }
    for (const Ending& e : endings)
      e.epilogue.take(scratch + states_at() + e.state, at_pointers(pointers, e.pointers).data(), table[e.reg],
                      from, to, pointers[e.out]);
    for (auto w = static_cast<std::size_t>(still); w < walks.size(); ++w)
      table[walks[w].reg] += tile * walks[w].width;
  }
}

}  // namespace tapir
