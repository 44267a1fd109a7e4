// A fused pass: elementwise instructions run tile by tile, so that intermediate values never leave the cache.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include <tapir/autodiff/exec/broadcast.hpp>
#include <tapir/autodiff/exec/pool.hpp>
#include <tapir/autodiff/tape/kernel.hpp>

namespace tapir {

/// Registers hold the current tile of a value: in scratch memory, or in place within a whole array. Pointers are numbers in
/// the program's pointer table.
struct FusedPass {
  static constexpr std::size_t most_operands = 4;  // of one operation

  struct Instruction {
    TileKernel kernel;
    std::array<int, most_chain_operands> in;
    int out;
    int operands;
    Index width;  // bytes of the widest element it reads or writes
  };
  /// A register that walks through an array.
  struct Walk {
    int reg;
    int pointer;
    Index width;  // bytes per element; 0: it stays, at a number or a link of a chain
  };
  /// A register in scratch memory that is filled from a stretched array.
  struct Fill {
    int reg;
    int pointer;
    Stretch stretch;
    bool constant;  // one number
    bool once;      // per run instead of once per tile: constant, or repeated in each tile
  };

  /// An operation that computes tiles of a register before the instructions run.
  struct Opening {
    Prologue prologue;
    std::vector<int> pointers;  // of its operands
    int reg;
    int node;
  };
  /// An operation that takes the tiles of a register after them.
  struct Ending {
    Epilogue epilogue;
    std::vector<int> pointers;
    int reg;
    int out;  // pointer
    int node;
    std::size_t state = 0;    // bytes into the states of a thread
    std::size_t partial = 0;  // and into the results of pieces
  };

  Index size = 0;
  Index tile = 0;
  Index piece = 0;  // elements that endings sum by themselves; 0: none sums
  int registers = 0;
  int slots = 0;              // tiles of scratch memory
  std::vector<int> slot_of;   // per register; -1: walks
  std::vector<Walk> walks;    // those that stay first
  int still = 0;              // their number
  std::vector<Walk> streams;  // arrays to fetch a tile ahead: those of a pass beyond the caches
  std::vector<Fill> fills;
  std::vector<Opening> openings;
  std::vector<Instruction> instructions;
  std::vector<Ending> endings;
  std::size_t state_bytes = 0;
  std::shared_ptr<std::byte[]> partials;  // of endings, piece by piece
  Index operations = 0;                   // per element: a chain is one instruction and several operations

  std::size_t slot_bytes() const { return static_cast<std::size_t>(tile) * 8; }
  std::size_t scratch_bytes() const { return states_at() + state_bytes; }
  std::size_t states_at() const { return table_bytes() + static_cast<std::size_t>(slots) * slot_bytes(); }
  std::size_t table_bytes() const {
    return (static_cast<std::size_t>(registers) * sizeof(void*) + 63) / 64 * 64;
  }
  /// `scratch`: scratch_bytes() per thread of the pool.
  void run(void* const* pointers, std::byte* scratch, Pool& pool) const;

 private:
  void start(void* const* pointers, std::byte** table, std::byte* slot_memory, Index begin, Index n) const;
  void fetch(void* const* pointers, std::size_t instruction, Index from, Index to) const;
  void run_pieces(void* const* pointers, std::byte* scratch, Pool& pool) const;
  void run_range(void* const* pointers, std::byte* scratch, Index begin, Index end) const;
  void* partial_of(const Ending& ending, void* const* pointers, Index piece) const;
};

}  // namespace tapir
