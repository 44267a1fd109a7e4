// A fused pass: elementwise instructions run tile by tile, so that intermediate values never leave the cache.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include <tapir/autodiff/exec/broadcast.hpp>
#include <tapir/autodiff/exec/pool.hpp>
#include <tapir/autodiff/tape/kernel.hpp>

namespace tapir {

/// Registers hold the current tile of a value: in scratch memory, or in place within a whole array.
struct FusedPass {
  static constexpr int most_operands = 4;

  struct Instruction {
    TileKernel kernel;
    std::array<int, most_operands> in;
    int out;
    int operands;
    Index width;  // bytes of the widest element it reads or writes
  };
  /// A register that walks through an array: `pointer` is its number in the program's pointer table.
  struct Walk {
    int reg;
    int pointer;
    Index width;  // bytes per element
  };
  /// A register in scratch memory that is filled from a stretched array.
  struct Fill {
    int reg;
    int pointer;
    Stretch stretch;
    bool constant;  // once per run instead of once per tile
  };

  Index size = 0;
  Index tile = 0;
  int registers = 0;
  int slots = 0;                 // tiles of scratch memory
  std::vector<int> slot_of;      // per register; -1: walks
  std::vector<Walk> walks;
  std::vector<Fill> fills;
  std::vector<Instruction> instructions;

  std::size_t slot_bytes() const { return static_cast<std::size_t>(tile) * 8; }
  std::size_t scratch_bytes() const { return static_cast<std::size_t>(slots) * slot_bytes() + table_bytes(); }
  std::size_t table_bytes() const { return (static_cast<std::size_t>(registers) * sizeof(void*) + 63) / 64 * 64; }
  /// `scratch`: scratch_bytes() per thread of the pool.
  void run(void* const* pointers, std::byte* scratch, Pool& pool) const;

 private:
  void run_range(void* const* pointers, std::byte* scratch, Index begin, Index end) const;
};

}  // namespace tapir
