// Building and running a program's steps.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/program.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <new>
#include <utility>

#include <tapir/autodiff/exec/fused.hpp>
#include <tapir/autodiff/exec/plan.hpp>

namespace tapir {
namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

struct AlignedDelete {
  void operator()(std::byte* p) const { ::operator delete(p, std::align_val_t{64}); }
};
using Memory = std::unique_ptr<std::byte, AlignedDelete>;

Memory allocate(std::size_t bytes) {
  return Memory(static_cast<std::byte*>(::operator new(std::max<std::size_t>(bytes, 64), std::align_val_t{64})));
}

bool all_finite(const void* data, const Type& type) {
  return dispatch(type.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_floating_point_v<T>)
      for (Index i = 0; i < type.size(); ++i)
        if (!std::isfinite(static_cast<const T*>(data)[i])) return false;
    return true;
  });
}

// ---- for the checked mode ----

bool is_nan(double x) { return std::isnan(x); }
bool is_not_finite(double x) { return !std::isfinite(x); }

double element(const void* data, const Type& type, Index i) {
  return dispatch(type.dtype,
                  [&](auto zero) { return static_cast<double>(static_cast<const decltype(zero)*>(data)[i]); });
}

// The first element that is so, or -1.
Index first_that(const void* data, const Type& type, bool (*is_so)(double)) {
  if (is_floating(type.dtype))
    for (Index i = 0; i < type.size(); ++i)
      if (is_so(element(data, type, i))) return i;
  return -1;
}

}  // namespace

struct Program::Impl {
  struct Step {
    int fused = -1;  // index into passes, else an opaque kernel
    Kernel kernel;
    int first_in = 0;  // into `arguments`
    int first_out = 0;
    int unit = 0;
  };
  /// Memory that may lie elsewhere in each run.
  struct External {
    std::vector<int> pointers;
    const void* current = nullptr;
  };

  /// Where a value that is not finite comes from: an operand's root, or itself.
  struct Origin {
    Ref from;
    bool nan;
  };

  std::shared_ptr<const Tape> tape;
  std::shared_ptr<Pool> pool;
  ProgramOptions options;
  Plan plan;
  Memory arena;
  Memory scratch;
  std::vector<void*> pointers;         // the memory of every place
  std::map<Ref, int> pointer_of;
  std::vector<FusedPass> passes;
  std::vector<Step> steps;
  std::vector<int> arguments;          // pointer numbers of opaque steps
  std::vector<void*> resolved;         // the pointers that `arguments` names
  std::vector<std::vector<int>> uses;  // of each pointer in `resolved`
  std::vector<External> inputs;
  std::vector<External> outputs;
  std::vector<std::pair<std::shared_ptr<Cell>, External>> cells;
  std::vector<bool> cell_is_stored;
  std::vector<Tensor> results;
  std::vector<Tensor> previous;        // results that the last run took as inputs
  std::vector<const void*> input_memory;
  std::vector<void*> output_memory;
  std::map<Ref, Origin> origins;  // of the values that a checked run has found not to be finite

  Impl(std::shared_ptr<const Tape> t, std::vector<Ref> out, std::shared_ptr<Pool> p, ProgramOptions o)
      : tape(std::move(t)),
        pool(p ? std::move(p) : std::make_shared<Pool>(0)),
        options(o),
        plan(*tape, std::move(out), {.fuse = o.fuse && !o.checked}) {
    arena = allocate(plan.arena_bytes);
    inputs.resize(tape->inputs().size());
    outputs.resize(plan.outputs.size());
    for (Ref ref : plan.outputs) results.emplace_back(tape->type(ref));
    input_memory.resize(inputs.size());
    output_memory.resize(outputs.size());
    for (const auto& [ref, place] : plan.places) add_pointer(ref, place);
    for (const Store& store : tape->stores()) cell_pointer(store.cell);
    mark_stored_cells();
    for (std::size_t u = 0; u < plan.units.size(); ++u) add_step(static_cast<int>(u));
    link();
  }

  // ---- building ----
  int new_pointer(void* memory) {
    pointers.push_back(memory);
    return static_cast<int>(pointers.size()) - 1;
  }

  int cell_pointer(Ref ref) {
    const auto known = pointer_of.find(ref);
    if (known != pointer_of.end()) return known->second;
    const int pointer = new_pointer(nullptr);
    pointer_of[ref] = pointer;
    cells.push_back({tape->node(ref.node).attrs.get<std::shared_ptr<Cell>>("cell"), {{pointer}, nullptr}});
    return pointer;
  }

  void add_pointer(Ref ref, const Place& place) {
    switch (place.kind) {
      case Place::Kind::arena: pointer_of[ref] = new_pointer(arena.get() + place.at); break;
      case Place::Kind::literal: {
        const Tensor& value = tape->node(ref.node).attrs.get<Tensor>("value");
        pointer_of[ref] = new_pointer(const_cast<void*>(value.data()));  // read only
        break;
      }
      case Place::Kind::input:
        pointer_of[ref] = new_pointer(nullptr);
        inputs[place.at].pointers.push_back(pointer_of[ref]);
        break;
      case Place::Kind::output:
        pointer_of[ref] = new_pointer(nullptr);
        outputs[place.at].pointers.push_back(pointer_of[ref]);
        break;
      case Place::Kind::cell: pointer_of[ref] = cell_pointer({static_cast<int>(place.at), 0}); break;
      case Place::Kind::nowhere:
      case Place::Kind::tile: break;
    }
  }

  void mark_stored_cells() {
    cell_is_stored.assign(cells.size(), false);
    for (const Store& store : tape->stores())
      for (std::size_t c = 0; c < cells.size(); ++c)
        if (cells[c].second.pointers[0] == pointer_of.at(store.cell)) cell_is_stored[c] = true;
  }

  void add_step(int u) {
    const Unit& unit = plan.units[at(u)];
    Step step;
    step.unit = u;
    if (unit.fused) {
      step.fused = static_cast<int>(passes.size());
      passes.push_back(make_pass(unit));
    } else {
      const Node& node = tape->node(unit.nodes[0]);
      const auto types = tape->input_types(unit.nodes[0]);
      step.kernel = node.op->operator*().kernel({types, node.attrs});
      step.first_in = static_cast<int>(arguments.size());
      for (Ref ref : node.inputs) arguments.push_back(pointer_of.at(plan.root(ref)));
      step.first_out = static_cast<int>(arguments.size());
      for (int r = 0; r < static_cast<int>(node.types.size()); ++r)
        arguments.push_back(pointer_of.at({unit.nodes[0], r}));
    }
    steps.push_back(std::move(step));
  }

  FusedPass make_pass(const Unit& unit) const;
  bool run(const void* const* in, void* const* out);
  void run_steps(std::size_t first, std::size_t last);
  void run_step(const Step& step) const;
  void move(External& external, const void* memory);
  void look_at(const Step& step);
  [[noreturn]] void blame(Ref guard) const;
  const void* memory_of(Ref root) const { return pointers[at(pointer_of.at(root))]; }

  void link() {
    std::size_t bytes = 0;
    for (const FusedPass& pass : passes) bytes = std::max(bytes, pass.scratch_bytes());
    scratch = allocate(bytes * at(pool->threads()));
    uses.resize(pointers.size());
    for (std::size_t i = 0; i < arguments.size(); ++i) uses[at(arguments[i])].push_back(static_cast<int>(i));
    for (int argument : arguments) resolved.push_back(pointers[at(argument)]);
  }
};

// Registers are given to sources as they are first read and to results; a result that lives on in memory walks through
// it, others take a slot of scratch memory that is free again after its last reader.
FusedPass Program::Impl::make_pass(const Unit& unit) const {
  FusedPass pass;
  pass.size = unit.size;
  constexpr Index longest_tile = 512;
  pass.tile = std::min<Index>(longest_tile, (unit.size + 15) / 16 * 16);
  std::map<std::pair<Ref, int>, int> registers;  // (source, stretched by node or -1) -> register
  std::vector<int> last_use;
  std::vector<int> made_at;
  auto add_register = [&](int when) {
    pass.slot_of.push_back(-1);
    last_use.push_back(when);
    made_at.push_back(when);
    return pass.registers++;
  };
  auto walk = [&](int reg, Ref ref) {
    pass.walks.push_back({reg, pointer_of.at(ref), static_cast<Index>(size_of(tape->type(ref).dtype))});
  };
  std::vector<bool> in_slot;
  auto read = [&](Ref operand, int stretched, int when) {
    const auto key = std::make_pair(operand, stretched);
    const auto known = registers.find(key);
    if (known != registers.end()) {
      last_use[at(known->second)] = std::max(last_use[at(known->second)], when);  // constants stay to the end
      return known->second;
    }
    const int reg = add_register(when);
    registers[key] = reg;
    in_slot.resize(at(pass.registers));
    if (stretched < 0) {
      walk(reg, operand);
    } else {
      const Node& node = tape->node(stretched);
      const Type& from = tape->type(node.inputs[0]);
      Stretch stretch(from.shape, node.types[0].shape, from.dtype);
      if (stretch.is_plain()) {
        walk(reg, operand);
      } else {
        const bool constant = stretch.is_constant();
        pass.fills.push_back({reg, pointer_of.at(operand), stretch, constant});
        in_slot[at(reg)] = true;
        made_at[at(reg)] = -1;
        if (constant) last_use[at(reg)] = 1 << 30;
      }
    }
    return reg;
  };
  auto write = [&](Ref result, int when) {
    const int reg = add_register(when);
    registers[{result, -1}] = reg;
    in_slot.resize(at(pass.registers));
    if (plan.places.at(result).kind == Place::Kind::tile)
      in_slot[at(reg)] = true;
    else
      walk(reg, result);
    return reg;
  };
  int when = 0;
  for (int n : unit.nodes) {
    const Node& node = tape->node(n);
    FusedPass::Instruction instruction{};
    if (node.op->kind() == Kind::broadcast) {  // stored, or read in this pass: a copy of its stretched source
      const Type type = node.types[0];
      instruction.kernel = nullptr;
      instruction.in[0] = read(plan.root(node.inputs[0]), n, when);
      instruction.operands = 1;
      instruction.kernel = size_of(type.dtype) == 8
                               ? +[](const void* const* in, void* out, Index count) {
                                   std::memcpy(out, in[0], at(static_cast<int>(count)) * 8);
                                 }
                               : +[](const void* const* in, void* out, Index count) {
                                   std::memcpy(out, in[0], at(static_cast<int>(count)) * 4);
                                 };
    } else {
      const auto types = tape->input_types(n);
      instruction.kernel = node.op->operator*().tile({types, node.attrs});
      instruction.operands = static_cast<int>(node.inputs.size());
      if (instruction.operands > FusedPass::most_operands)
        throw Error(node.op->name(), "an elementwise operation has at most 4 operands");
      for (int i = 0; i < instruction.operands; ++i) {
        int stretched = -1;
        const Ref source = plan.source(node.inputs[at(i)], stretched);
        instruction.in[at(i)] = read(source, stretched, when);
      }
    }
    instruction.out = write({n, 0}, when);
    pass.instructions.push_back(instruction);
    ++when;
  }
  // Slots: fills are there from the start of a tile; a result takes a slot when it is made.
  std::vector<int> free_slots;
  std::vector<std::vector<int>> ends(at(when + 1));
  auto take = [&](int reg) {
    if (free_slots.empty()) free_slots.push_back(pass.slots++);
    pass.slot_of[at(reg)] = free_slots.back();
    free_slots.pop_back();
    if (last_use[at(reg)] < when) ends[at(last_use[at(reg)])].push_back(pass.slot_of[at(reg)]);
  };
  for (int reg = 0; reg < pass.registers; ++reg)
    if (in_slot[at(reg)] && made_at[at(reg)] < 0) take(reg);
  for (int i = 0; i < when; ++i) {
    for (int reg = 0; reg < pass.registers; ++reg)
      if (in_slot[at(reg)] && made_at[at(reg)] == i) take(reg);
    for (int slot : ends[at(i)]) free_slots.push_back(slot);
  }
  return pass;
}

void Program::Impl::move(External& external, const void* memory) {
  if (external.current == memory) return;
  external.current = memory;
  for (int pointer : external.pointers) {
    pointers[at(pointer)] = const_cast<void*>(memory);
    for (int use : uses[at(pointer)]) resolved[at(use)] = const_cast<void*>(memory);
  }
}

void Program::Impl::run_step(const Step& step) const {
  if (step.fused >= 0)
    passes[at(step.fused)].run(pointers.data(), scratch.get(), *pool);
  else
    step.kernel({resolved.data() + step.first_in, resolved.data() + step.first_out, *pool});
}

void Program::Impl::run_steps(std::size_t first, std::size_t last) {
  for (std::size_t s = first; s < last; ++s) {
    run_step(steps[s]);
    if (options.checked) look_at(steps[s]);
  }
}

// Remembers where each value that is not finite comes from: an operand, in an elementwise operation one that is
// not finite at the same element, or the node itself. A NaN is inherited from a NaN only.
void Program::Impl::look_at(const Step& step) {
  const int n = plan.units[at(step.unit)].nodes[0];
  const Node& node = tape->node(n);
  for (int r = 0; r < static_cast<int>(node.types.size()); ++r) {
    const Ref ref{n, r};
    if (!pointer_of.contains(ref)) continue;
    const Type& type = node.types[at(r)];
    const void* data = memory_of(ref);
    const Index nan = first_that(data, type, is_nan);
    const Index place = nan >= 0 ? nan : first_that(data, type, is_not_finite);
    if (place < 0) continue;
    const auto bad = nan >= 0 ? is_nan : is_not_finite;
    Origin origin{ref, nan >= 0};
    for (Ref in : node.inputs) {
      const bool here = node.op->kind() == Kind::elementwise
                            ? bad(element(memory_of(plan.root(in)), tape->type(in), place))
                            : first_that(memory_of(plan.root(in)), tape->type(in), bad) >= 0;
      if (!here) continue;
      origin.from = plan.root(in);
      break;
    }
    origins[ref] = origin;
  }
}

void Program::Impl::blame(Ref guard) const {
  Ref ref = plan.root(guard);
  auto known = origins.find(ref);
  while (known != origins.end() && known->second.from != ref) {
    ref = known->second.from;
    known = origins.find(ref);
  }
  const Node& node = tape->node(ref.node);
  const std::string what = known == origins.end() ? "is not finite: "
                           : known->second.nan    ? "gives NaN: "
                                                  : "gives infinity: ";
  throw Error(node.op->name(), what + tape->str(ref.node), node.where);
}

bool Program::Impl::run(const void* const* in, void* const* out) {
  for (std::size_t i = 0; i < inputs.size(); ++i) move(inputs[i], in[i]);
  for (std::size_t i = 0; i < outputs.size(); ++i) move(outputs[i], out[i]);
  for (std::size_t c = 0; c < cells.size(); ++c) {
    Tensor& value = cells[c].first->value;
    move(cells[c].second, cell_is_stored[c] && !options.checked ? value.mutable_data() : value.data());
  }
  origins.clear();
  run_steps(0, plan.guard_position);
  for (const Copy& copy : plan.output_copies)
    std::memcpy(out[copy.to], pointers[at(pointer_of.at(plan.root(copy.from)))], tape->type(copy.from).bytes());
  for (Ref guard : tape->guards())
    if (!all_finite(pointers[at(pointer_of.at(plan.root(guard)))], tape->type(guard))) {
      if (options.checked) blame(guard);
      return false;
    }
  if (options.checked) return true;
  run_steps(plan.guard_position, steps.size());
  for (const Copy& copy : plan.store_copies)
    std::memcpy(pointers[at(pointer_of.at({copy.to, 0}))], pointers[at(pointer_of.at(plan.root(copy.from)))],
                tape->type(copy.from).bytes());
  return true;
}

Program::Program(std::shared_ptr<const Tape> tape, std::vector<Ref> outputs, std::shared_ptr<Pool> pool,
                 ProgramOptions options)
    : impl_(std::make_unique<Impl>(std::move(tape), std::move(outputs), std::move(pool), options)) {}
Program::~Program() = default;
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;

bool Program::run(std::span<const Tensor> inputs) {
  Impl& p = *impl_;
  const auto& leaves = p.tape->inputs();
  if (inputs.size() != leaves.size())
    throw Error("run", std::to_string(inputs.size()) + " inputs for a program of " + std::to_string(leaves.size()));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Type& type = p.tape->type({leaves[i], 0});
    if (inputs[i].type() != type)
      throw Error("run", "input " + std::to_string(i) + " is " + inputs[i].type().str() + ", the program takes " +
                             type.str());
    p.input_memory[i] = inputs[i].data();
  }
  // Inputs may be results of the last run, by reference: these stay where they are while they are read.
  const auto is_read = [&](const Tensor& result) {
    return std::find(p.input_memory.begin(), p.input_memory.end(), result.data()) != p.input_memory.end();
  };
  if (std::any_of(p.results.begin(), p.results.end(), is_read))
    p.previous = std::exchange(p.results, std::vector<Tensor>(p.results.size()));
  for (std::size_t i = 0; i < p.results.size(); ++i) {
    const Type& type = p.tape->type(p.plan.outputs[i]);
    if (!p.results[i].is_unique() || p.results[i].type() != type) p.results[i] = Tensor(type);
    p.output_memory[i] = p.results[i].mutable_data();
  }
  return p.run(p.input_memory.data(), p.output_memory.data());
}

bool Program::run(const void* const* inputs, void* const* outputs) { return impl_->run(inputs, outputs); }
std::span<const Tensor> Program::outputs() const { return impl_->results; }
const Tape& Program::tape() const { return *impl_->tape; }

ProgramFacts Program::facts() const {
  const Impl& p = *impl_;
  ProgramFacts facts;
  facts.steps = static_cast<int>(p.steps.size());
  facts.fused_passes = static_cast<int>(p.passes.size());
  facts.stores_copied = static_cast<int>(p.plan.store_copies.size());
  facts.stores_in_place = static_cast<int>(p.tape->stores().size()) - facts.stores_copied;
  facts.arena_bytes = p.plan.arena_bytes;
  for (const Unit& unit : p.plan.units) facts.nodes += static_cast<int>(unit.nodes.size());
  return facts;
}

std::string Program::str() const {
  std::string text;
  for (std::size_t u = 0; u < impl_->plan.units.size(); ++u) {
    if (u == impl_->plan.guard_position) text += "guard\n";
    const Unit& unit = impl_->plan.units[u];
    text += unit.fused ? "pass of " + std::to_string(unit.size) + " elements\n" : "";
    for (int n : unit.nodes) text += "  " + impl_->tape->str(n) + "\n";
  }
  return text;
}

}  // namespace tapir
