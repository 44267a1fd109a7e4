// Giving registers and slots to the values of a fused pass.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/fuse.hpp>

#include <algorithm>
#include <cstring>
#include <map>
#include <tuple>

namespace tapir {
namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

template <int Bytes>
void copy_tile(const void* const* in, void* out, Index n) {
  std::memcpy(out, in[0], static_cast<std::size_t>(n) * Bytes);
}

// Registers are given to sources as they are first read and to results; a result that lives on in memory walks through
// it, others take a slot of scratch memory that is free again after its last reader.
class Fuser {
 public:
  Fuser(const Plan& plan, const Unit& unit, Storage& storage) : plan_(plan), storage_(storage) {
    constexpr Index longest_tile = 512;
    pass_.size = unit.size;
    pass_.tile = std::min<Index>(longest_tile, (unit.size + 15) / 16 * 16);
    for (int node : unit.nodes) add(node);
    take_slots();
  }

  FusedPass pass() && { return std::move(pass_); }

 private:
  struct Register {
    int made;  // by which instruction; -1: filled before the first
    int last_read;
    bool in_slot = false;
  };

  int now() const { return static_cast<int>(pass_.instructions.size()); }

  int add_register(int made) {
    registers_.push_back({made, now()});
    pass_.slot_of.push_back(-1);
    return pass_.registers++;
  }

  void walk(int reg, Spot spot) {
    pass_.walks.push_back({reg, storage_.pointer(spot), static_cast<Index>(size_of(plan_.tape.type(spot.root).dtype))});
  }

  // The register of a source, stretched by a node or, with -1, as it is.
  int read(Spot source, int stretched) {
    const auto [known, is_new] = known_.try_emplace({source.root, source.bytes, stretched}, pass_.registers);
    if (!is_new) {
      int& last = registers_[at(known->second)].last_read;
      last = std::max(last, now());
      return known->second;
    }
    const int reg = add_register(now());
    if (stretched < 0) {
      walk(reg, source);
      return reg;
    }
    const Node& node = plan_.tape.node(stretched);
    const Type& from = plan_.tape.type(node.inputs[0]);
    const Stretch stretch(from.shape, node.types[0].shape, from.dtype);
    if (stretch.is_plain()) {
      walk(reg, source);
      return reg;
    }
    const bool once = stretch.is_constant();
    pass_.fills.push_back({reg, storage_.pointer(source), stretch, once});
    registers_[at(reg)] = {-1, once ? forever : now(), true};
    return reg;
  }

  int write(Ref result) {
    const int reg = add_register(now());
    known_[{result, std::size_t{0}, -1}] = reg;
    if (plan_.places.at(result).kind == Place::Kind::tile)
      registers_[at(reg)].in_slot = true;
    else
      walk(reg, {result, 0});
    return reg;
  }

  void add(int n) {
    const Node& node = plan_.tape.node(n);
    FusedPass::Instruction instruction{};
    instruction.width = static_cast<Index>(size_of(node.types[0].dtype));
    if (node.op->kind() == Kind::broadcast) {  // stored, or read in this pass: a copy of its stretched source
      instruction.in[0] = read(plan_.spot(node.inputs[0]), n);
      instruction.operands = 1;
      instruction.kernel = instruction.width == 8 ? copy_tile<8> : copy_tile<4>;
    } else {
      const auto types = plan_.tape.input_types(n);
      instruction.kernel = node.op->operator*().tile({types, node.attrs});
      instruction.operands = static_cast<int>(node.inputs.size());
      if (instruction.operands > FusedPass::most_operands)
        throw Error(node.op->name(), "an elementwise operation has at most 4 operands");
      for (int i = 0; i < instruction.operands; ++i) {
        int stretched = -1;
        const Spot source = plan_.source(node.inputs[at(i)], stretched);
        instruction.in[at(i)] = read(source, stretched);
        instruction.width = std::max(instruction.width, static_cast<Index>(size_of(types[at(i)].dtype)));
      }
    }
    instruction.out = write({n, 0});
    pass_.instructions.push_back(instruction);
  }

  // Fills are there from the start of a tile; a result takes a slot when it is made.
  void take_slots() {
    std::vector<int> free;
    std::vector<std::vector<int>> made(at(now() + 1));  // by instruction; fills first
    std::vector<std::vector<int>> ends(at(now()));
    for (int reg = 0; reg < pass_.registers; ++reg)
      if (registers_[at(reg)].in_slot) made[at(registers_[at(reg)].made + 1)].push_back(reg);
    for (int i = -1; i < now(); ++i) {
      for (int reg : made[at(i + 1)]) {
        if (free.empty()) free.push_back(pass_.slots++);
        const int slot = pass_.slot_of[at(reg)] = free.back();
        free.pop_back();
        if (registers_[at(reg)].last_read != forever) ends[at(registers_[at(reg)].last_read)].push_back(slot);
      }
      if (i >= 0) free.insert(free.end(), ends[at(i)].begin(), ends[at(i)].end());
    }
  }

  static constexpr int forever = 1 << 30;  // once filled, it serves all tiles

  const Plan& plan_;
  Storage& storage_;
  FusedPass pass_;
  std::vector<Register> registers_;
  std::map<std::tuple<Ref, std::size_t, int>, int> known_;
};

}  // namespace

FusedPass fuse(const Plan& plan, const Unit& unit, Storage& storage) {
  return Fuser(plan, unit, storage).pass();
}

}  // namespace tapir
