// Giving registers and slots to the values of a fused pass.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/fuse.hpp>

#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include <tapir/autodiff/exec/chains.hpp>

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
    pass_.size = unit.size;
    pass_.piece = unit.piece;
    multiple_ = unit.multiple;
    for (const Chain& chain : find_chains(plan, unit)) add(chain);
    choose_tile();
    find_repeated();
    take_slots();
    take_states();
    const auto stays = [](const FusedPass::Walk& walk) { return walk.width == 0; };
    const auto moving = std::stable_partition(pass_.walks.begin(), pass_.walks.end(), stays);
    pass_.still = static_cast<int>(moving - pass_.walks.begin());
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
    const auto width = static_cast<Index>(size_of(plan_.tape.type(spot.root).dtype));
    pass_.walks.push_back({reg, storage_.pointer(spot), width});
    // A cell and its next value are one array.
    const auto place = plan_.places.find(spot.root);
    if (place != plan_.places.end() && place->second.kind == Place::Kind::cell)
      spot.root = {static_cast<int>(place->second.at), 0};
    arrays_.try_emplace({spot.root, spot.bytes}, pass_.walks.back());
  }

  // What the processor's nearer caches do not hold is fetched in advance, in small portions, because fetched tiles, tiles
  // in work and scratch share the first one. Within those, longer tiles cost less.
  void choose_tile() {
    constexpr Index near_caches = 2 << 20, portion = 2048, matrix_portion = 1 << 15;
    Index width = 4, bytes = 0;
    for (const FusedPass::Instruction& instruction : pass_.instructions)
      width = std::max(width, instruction.width);
    for (const auto& [array, walk] : arrays_) bytes += pass_.size * walk.width;
    const bool streams = bytes > near_caches;
    Index tile = (streams ? 1 : 2) * portion / width;
    if (beside_ > 0) tile = std::clamp<Index>(matrix_portion / beside_, 16, tile);
    pass_.tile = std::min(aligned(tile), (pass_.size + 15) / 16 * 16);
    if (streams)
      for (const auto& [array, walk] : arrays_) pass_.streams.push_back(walk);
  }

  // A tile of about that length whose end suits the endings, and at which as many stretched operands as possible begin
  // again.
  Index aligned(Index tile) const {
    const Index vectors = std::lcm(Index{16}, multiple_);
    Index step = vectors <= 2 * tile ? vectors : multiple_;
    for (const FusedPass::Fill& fill : pass_.fills)
      if (const Index period = fill.stretch.period(); period > 0 && std::lcm(step, period) <= tile)
        step = std::lcm(step, period);
    return std::max<Index>(1, tile / step) * step;
  }

  // Filled for one tile, they serve all.
  void find_repeated() {
    for (FusedPass::Fill& fill : pass_.fills) {
      const Index period = fill.stretch.period();
      const auto ends_at = [&](Index n) { return period > 0 && n % period == 0; };
      const bool is_one_piece = pass_.piece == 0 || pass_.piece >= pass_.size;
      fill.once = fill.constant || (ends_at(pass_.tile) && (is_one_piece || ends_at(pass_.piece)));
      if (fill.once) registers_[at(fill.reg)].last_read = forever;
    }
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
    pass_.fills.push_back({reg, storage_.pointer(source), stretch, stretch.is_constant(), false});
    registers_[at(reg)] = {-1, now(), true};
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

  void add(const Chain& chain) {
    pass_.operations += static_cast<Index>(chain.nodes.size());
    const int node = chain.nodes[0];
    const bool alone = chain.nodes.size() == 1;
    if (plan_.tape.node(node).op->kind() == Kind::opaque) return add_opaque(node);
    if (alone && plan_.tape.node(node).op->kind() == Kind::broadcast)
      add_copy(node);
    else if (const int first = first_operand(node); alone && (first < 0 || !reads_number(node)))
      add_one(node);
    else
      add_chain(chain, first);
  }

  void add_opaque(int n) {
    const Node& node = plan_.tape.node(n);
    const auto types = plan_.tape.input_types(n);
    if (node.inputs.size() > FusedPass::most_operands)
      throw Error(node.op->name(), "an operation that begins or ends a pass has at most 4 operands");
    std::vector<int> pointers;
    Index beside = 0;
    if (auto epilogue = (*node.op)->epilogue ? (*node.op)->epilogue({types, node.attrs}) : std::nullopt) {
      const Epilogue::Needs needs = epilogue->needs;
      const int reg = read(node.inputs[at(needs.operand)]);
      registers_[at(reg)].last_read = forever;
      for (int i = 0; i < static_cast<int>(node.inputs.size()); ++i)
        pointers.push_back(storage_.pointer(i == needs.operand ? Ref{n, 0} : node.inputs[at(i)]));
      pass_.endings.push_back({*std::move(epilogue), pointers, reg, storage_.pointer(Ref{n, 0}), n});
      beside = needs.bytes;
    } else {
      auto prologue = (*node.op)->prologue({types, node.attrs});
      for (Ref ref : node.inputs) pointers.push_back(storage_.pointer(ref));
      beside = prologue->bytes;
      const int reg = write({n, 0});
      registers_[at(reg)].made = -1;
      pass_.openings.push_back({*std::move(prologue), pointers, reg, n});
    }
    beside_ = std::max(beside_, beside);
    pass_.operations += 1 + beside / 32;
  }

  // Stored, or read in this pass: a copy of its stretched source.
  void add_copy(int n) {
    const Node& node = plan_.tape.node(n);
    FusedPass::Instruction instruction{};
    instruction.width = static_cast<Index>(size_of(node.types[0].dtype));
    instruction.kernel = instruction.width == 8 ? copy_tile<8> : copy_tile<4>;
    instruction.in[0] = read(plan_.spot(node.inputs[0]), n);
    instruction.operands = 1;
    finish(instruction, n);
  }

  void add_one(int n) {
    const Node& node = plan_.tape.node(n);
    const auto types = plan_.tape.input_types(n);
    FusedPass::Instruction instruction{};
    instruction.width = static_cast<Index>(size_of(node.types[0].dtype));
    instruction.kernel = node.op->operator*().tile({types, node.attrs});
    if (node.inputs.size() > FusedPass::most_operands)
      throw Error(node.op->name(), "an elementwise operation has at most 4 operands");
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      append(instruction, read(node.inputs[i]));
      instruction.width = std::max(instruction.width, static_cast<Index>(size_of(types[i].dtype)));
    }
    finish(instruction, n);
  }

  void add_chain(const Chain& chain, int first) {
    const int head = chain.nodes[0];
    const int last = chain.nodes.back();
    FusedPass::Instruction instruction{};
    instruction.width = static_cast<Index>(size_of(plan_.tape.node(head).types[0].dtype));
    instruction.kernel = links_of(plan_, head)->run;
    append(instruction, read(plan_.tape.node(head).inputs[at(std::max(first, 0))]));
    for (std::size_t i = 0; i < chain.nodes.size(); ++i) {
      const int n = chain.nodes[i];
      add_link(instruction, n, i == 0 ? std::max(first, 0) : chain.mine[i]);
      if (n == last || plan_.places.at({n, 0}).kind == Place::Kind::tile) continue;
      append(instruction, fixed(links_of(plan_, n)->keep));
      append(instruction, write({n, 0}));
    }
    append(instruction, fixed(links_of(plan_, last)->end));
    finish(instruction, last);
  }

  // `mine`: the operand that is in registers.
  void add_link(FusedPass::Instruction& instruction, int n, int mine) {
    const ChainLinks& links = *links_of(plan_, n);
    const std::vector<Ref>& inputs = plan_.tape.node(n).inputs;
    if (inputs.size() == 1) {
      append(instruction, fixed(links.by_array[0]));
      return;
    }
    const Ref other = inputs[at(1 - mine)];
    const bool number = is_number(other);
    append(instruction, fixed((number ? links.by_number : links.by_array)[mine]));
    append(instruction, number ? number_at(other) : read(other));
  }

  static void append(FusedPass::Instruction& instruction, int reg) {
    instruction.in[at(instruction.operands++)] = reg;
  }

  void finish(FusedPass::Instruction& instruction, int n) {
    instruction.out = write({n, 0});
    pass_.instructions.push_back(instruction);
  }

  int read(Ref ref) {
    int stretched = -1;
    const Spot source = plan_.source(ref, stretched);
    return read(source, stretched);
  }

  /// One number for all elements.
  bool is_number(Ref ref) const {
    int stretched = -1;
    plan_.source(ref, stretched);
    if (stretched < 0) return false;
    const Node& node = plan_.tape.node(stretched);
    const Type& from = plan_.tape.type(node.inputs[0]);
    return Stretch(from.shape, node.types[0].shape, from.dtype).is_constant();
  }

  bool reads_number(int n) const {
    const std::vector<Ref>& inputs = plan_.tape.node(n).inputs;
    return std::any_of(inputs.begin(), inputs.end(), [&](Ref ref) { return is_number(ref); });
  }

  // With which operand a chain that begins with this node begins; -1: it has to be filled, or no chain can.
  int first_operand(int n) const {
    if (!links_of(plan_, n)) return -1;
    const std::vector<Ref>& inputs = plan_.tape.node(n).inputs;
    for (int i = 0; i < static_cast<int>(inputs.size()); ++i)
      if (!is_number(inputs[at(i)])) return i;
    return -1;
  }

  int number_at(Ref ref) {
    int stretched = -1;
    return fixed(storage_.pointer(plan_.source(ref, stretched)));
  }
  int fixed(const void* link) {
    const auto [known, is_new] = link_pointers_.try_emplace(link, 0);
    if (is_new) known->second = storage_.pointer_to(const_cast<void*>(link));
    return fixed(known->second);
  }
  // The register of a pointer that does not walk.
  int fixed(int pointer) {
    const auto [known, is_new] = fixed_.try_emplace(pointer, pass_.registers);
    if (is_new) pass_.walks.push_back({add_register(now()), pointer, 0});
    return known->second;
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

  void take_states() {
    const auto pieces =
        static_cast<std::size_t>(pass_.piece > 0 ? (pass_.size + pass_.piece - 1) / pass_.piece : 0);
    std::size_t partials = 0;
    for (FusedPass::Ending& ending : pass_.endings) {
      ending.state = pass_.state_bytes;
      ending.partial = partials;
      pass_.state_bytes += (ending.epilogue.needs.state + 63) / 64 * 64;
      partials += (pieces * ending.epilogue.needs.partial + 63) / 64 * 64;
    }
    if (pieces > 1) pass_.partials = std::make_shared<std::byte[]>(partials);
  }

  static constexpr int forever = 1 << 30;  // until the end of a tile; once filled, it serves all tiles

  const Plan& plan_;
  Storage& storage_;
  FusedPass pass_;
  Index multiple_ = 1;
  Index beside_ = 0;  // bytes of matrices that are read for an element
  std::vector<Register> registers_;
  std::map<std::tuple<Ref, std::size_t, int>, int> known_;
  std::map<std::pair<Ref, std::size_t>, FusedPass::Walk> arrays_;  // that are walked through, each once
  std::map<const void*, int> link_pointers_;
  std::map<int, int> fixed_;  // registers by pointer
};

}  // namespace

FusedPass fuse(const Plan& plan, const Unit& unit, Storage& storage) {
  return Fuser(plan, unit, storage).pass();
}

}  // namespace tapir
