// Plan: which nodes run, fused into which passes, in which order, in which memory.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include <tapir/autodiff/tape/tape.hpp>

namespace tapir {

struct PlanOptions {
  /// Fuse elementwise chains; the bits are the same either way.
  bool fuse = true;
};

/// Nodes that run together: one opaque node, or elementwise and broadcast nodes of one size in the tape's order, with
/// prologues that compute what they read, and epilogues that take what they compute.
struct Unit {
  std::vector<int> nodes;
  Index size = 0;      // elements per node, fused units; of an epilogue, those it takes
  Index multiple = 1;  // elements: all epilogues take whole multiples of this,
  Index piece = 0;     // and sum in pieces of this; 0: none sums
  bool fused = false;
  int phase = 0;   // 1: needed by stores only, runs after the guard
  int height = 0;  // length of the longest path of units to the end of its phase
};

/// Where a value lies when the program runs.
struct Place {
  enum class Kind { nowhere, arena, input, cell, constant, output, tile };
  Kind kind = Kind::nowhere;
  std::size_t at = 0;  // arena: bytes; input, output: number; cell, constant: node
};

/// Bytes of another value: what a view (an alias, or a slice of neighbouring elements) stands for.
struct Spot {
  Ref root;
  std::size_t bytes = 0;  // from the start of the root
};

/// A store done by copying after all units; others are written in place by the unit that computes them.
struct Copy {
  Ref from;
  int to;  // output number or cell node
};

class Plan {
 public:
  Plan(const Tape& tape, std::vector<Ref> outputs, PlanOptions options);

  const Tape& tape;
  std::vector<Ref> outputs;
  std::vector<Unit> units;          // in order of execution
  std::size_t guard_position = 0;   // units before it are phase 0
  std::map<Ref, Place> places;      // of roots
  std::vector<Copy> output_copies;  // before the stores
  std::vector<Copy> store_copies;
  std::size_t arena_bytes = 0;

  /// Where the bytes of `ref` lie: views looked through.
  Spot spot(Ref ref) const;
  Ref root(Ref ref) const { return spot(ref).root; }
  /// What a fused unit reads for `ref`: views and stretching looked through; `stretched` is set to the broadcast node
  /// that was passed, or -1.
  Spot source(Ref ref, int& stretched) const;
  bool is_virtual(int node) const { return virtual_[static_cast<std::size_t>(node)]; }
  /// Computed once, when the program is made: a literal, or what depends on literals alone.
  bool is_constant(int node) const { return constant_[static_cast<std::size_t>(node)]; }

 private:
  void find_views();
  void find_constants();
  void find_virtual(PlanOptions options);
  void find_units(PlanOptions options);
  void order_units();
  std::vector<std::vector<int>> waiting_units(std::vector<int>& waits) const;
  void place_values();
  void place_stores(std::map<Ref, int>& last_read);
  bool reads_whole(int reader, int value) const;
  bool is_epilogue(int node) const;
  bool is_view(int node) const { return view_[static_cast<std::size_t>(node)] >= 0; }
  bool is_whole(Ref ref) const;
  bool computes(int node) const;
  bool writes_in_place(const Store& store, const std::map<Ref, int>& last_read) const;
  std::vector<int> dependencies(int node) const;

  class UnitFinder;

  std::vector<bool> live_;
  std::vector<bool> first_phase_;
  std::vector<bool> virtual_;
  std::vector<bool> constant_;
  std::vector<Index> view_;  // bytes into operand 0, -1: not a view
  std::vector<int> unit_of_;
};

}  // namespace tapir
