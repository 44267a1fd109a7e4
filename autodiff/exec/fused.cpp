// Running a fused pass.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/fused.hpp>

#include <algorithm>

namespace tapir {

void FusedPass::run(void* const* pointers, std::byte* scratch, Pool& pool) const {
  // Below this many element-instructions a fork costs more than it saves.
  constexpr Index worth_a_fork = 1 << 16;
  if (size == 0) return;
  const Index tiles = (size + tile - 1) / tile;
  if (pool.threads() == 1 || tiles < 2 || size * static_cast<Index>(instructions.size()) < worth_a_fork) {
    run_range(pointers, scratch, 0, size);
    return;
  }
  const Index pieces = std::min<Index>(tiles, 4 * pool.threads());
  const Index tiles_each = (tiles + pieces - 1) / pieces;
  pool.run(pieces, [&](Index piece, int thread) {
    const Index begin = std::min(size, piece * tiles_each * tile);
    const Index end = std::min(size, (piece + 1) * tiles_each * tile);
    run_range(pointers, scratch + static_cast<std::size_t>(thread) * scratch_bytes(), begin, end);
  });
}

void FusedPass::run_range(void* const* pointers, std::byte* scratch, Index begin, Index end) const {
  if (begin >= end) return;
  auto** table = reinterpret_cast<std::byte**>(scratch);
  std::byte* slot_memory = scratch + table_bytes();
  for (int reg = 0; reg < registers; ++reg) {
    const int slot = slot_of[static_cast<std::size_t>(reg)];
    if (slot >= 0) table[reg] = slot_memory + static_cast<std::size_t>(slot) * slot_bytes();
  }
  for (const Fill& fill : fills)
    if (fill.constant) fill.stretch.copy(pointers[fill.pointer], table[fill.reg], 0, std::min(tile, end - begin));
  for (Index from = begin; from < end; from += tile) {
    const Index n = std::min(tile, end - from);
    for (const Walk& walk : walks) table[walk.reg] = static_cast<std::byte*>(pointers[walk.pointer]) + from * walk.width;
    for (const Fill& fill : fills)
      if (!fill.constant) fill.stretch.copy(pointers[fill.pointer], table[fill.reg], from, from + n);
    for (const Instruction& instruction : instructions) {
      std::array<const void*, most_operands> in{};
      for (int i = 0; i < instruction.operands; ++i) {
        const auto at = static_cast<std::size_t>(i);
        in[at] = table[instruction.in[at]];
      }
      instruction.kernel(in.data(), table[instruction.out], n);
    }
  }
}

}  // namespace tapir
