// Storage: where every value of a program lies, by number.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <tapir/autodiff/exec/plan.hpp>

namespace tapir {

/// A block of bytes aligned to 64, zeros at first, with 64 more behind it that a vector may read.
class Block {
 public:
  explicit Block(std::size_t bytes);
  std::byte* get() const { return memory_.get(); }

 private:
  struct Delete {
    void operator()(std::byte* p) const;
  };
  std::unique_ptr<std::byte, Delete> memory_;
};

/// The arena, the constants, and the memory of inputs, outputs and cells, which may lie elsewhere in each run. Pointers
/// have numbers; steps hold copies of them in `arguments`, which are patched when a pointer moves. Small inputs and
/// outputs are copied, so that kernels may work on whole vectors there too.
class Storage {
 public:
  explicit Storage(const Plan& plan);

  // ---- while steps are built ----
  int pointer(Ref ref) { return pointer(plan_.spot(ref)); }
  int pointer(Spot spot);
  /// Memory of the program's own.
  int pointer_to(void* memory);
  /// Numbers of pointers, side by side: where a step finds them.
  int add_arguments(const std::vector<int>& pointers);
  /// Whole vectors may be read there, and written from its start.
  bool is_padded(int pointer) const { return padded_[static_cast<std::size_t>(pointer)]; }
  /// After the last argument.
  void link();

  // ---- while it runs ----
  void enter(const void* const* inputs, void* const* outputs, bool stores);
  void leave(void* const* outputs) const;
  void* const* pointers() const { return pointers_.data(); }
  void* const* arguments(int first) const { return arguments_.data() + first; }
  void* memory(Ref ref) const;

 private:
  struct External {
    std::vector<std::pair<int, std::size_t>> pointers;  // and their offsets
    const void* current = nullptr;
    std::size_t bytes = 0;
    std::byte* copy = nullptr;  // of a small one
  };
  struct CellMemory {
    std::shared_ptr<Cell> cell;
    bool is_stored;
    External memory;
  };

  int add(void* memory, bool padded);
  int add_root(Ref root);
  External* external(const Place& place);
  void compute_constants();
  void add_copies();
  void move(External& external, const void* memory);

  const Plan& plan_;
  Block arena_;
  std::vector<Block> copies_;
  std::map<Ref, Tensor> constants_;
  std::vector<void*> pointers_;
  std::vector<bool> padded_;
  std::map<std::pair<Ref, std::size_t>, int> known_;
  std::vector<int> argument_pointers_;
  std::vector<void*> arguments_;
  std::vector<std::vector<int>> uses_;  // of each pointer in `arguments_`
  std::vector<External> inputs_;
  std::vector<External> outputs_;
  std::vector<CellMemory> cells_;
  std::map<int, std::size_t> cell_of_;  // by node
};

}  // namespace tapir
