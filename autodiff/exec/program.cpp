// Building and running a program's steps.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/program.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include <tapir/autodiff/exec/fuse.hpp>
#include <tapir/autodiff/exec/pack.hpp>

namespace tapir {
namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

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
  return dispatch(type.dtype, [&](auto zero) {
    return static_cast<double>(static_cast<const decltype(zero)*>(data)[i]);
  });
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
  /// A run of short instructions, a stretched copy, an opaque kernel, or a pass over tiles.
  struct Step {
    enum class Kind { shorts, stretch, kernel, pass };
    Kind kind;
    int first = 0;  // shorts: the first; stretch, pass: its number; kernel: its first operand
    int last = 0;   // shorts: behind the last; kernel: its first result
    int unit = 0;
    Kernel kernel = {};
  };
  /// A small operand that is stretched.
  struct Stretching {
    Stretch stretch;
    int in;
    int out;
    Index size;
  };
  struct Move {
    int from;
    int to;  // a pointer, or the number of an output
    std::size_t bytes;
  };
  struct Guard {
    int pointer;
    Type type;
  };

  /// An elementwise instruction on values so small that nothing is gained by tiles.
  struct Short {
    TileKernel kernel;
    int in;  // into the arguments
    int out;
    Index n;
  };

  /// Where a value that is not finite comes from: an operand's root, or itself.
  struct Origin {
    Ref from;
    bool nan;
    std::optional<Explanation> explanation = {};
  };

  std::shared_ptr<const Tape> recorded;
  Packed packed;
  std::shared_ptr<const Tape> tape;  // the packed one
  std::shared_ptr<Pool> pool;
  ProgramOptions options;
  Plan plan;
  Storage storage;
  std::vector<FusedPass> passes;
  std::vector<Short> shorts;
  std::vector<Stretching> stretches;
  std::vector<Step> steps;
  std::vector<Guard> guards;
  std::vector<Move> output_moves;
  std::vector<Move> store_moves;
  std::size_t guard_step = 0;  // steps before it are those before the guard
  std::optional<Block> scratch;
  std::vector<Tensor> results;
  std::vector<Tensor> previous;  // results that the last run took as inputs
  std::vector<const void*> input_memory;
  std::vector<void*> output_memory;
  std::map<Ref, Origin> origins;  // of the values that a checked run has found not to be finite

  Impl(std::shared_ptr<const Tape> t, std::vector<Ref> out, std::shared_ptr<Pool> p, ProgramOptions o)
      : recorded(std::move(t)),
        packed(o.fuse && !o.checked ? pack(recorded, std::move(out)) : Packed{recorded, std::move(out)}),
        tape(packed.tape),
        pool(p ? std::move(p) : std::make_shared<Pool>(0)),
        options(o),
        plan(*tape, packed.outputs, {.fuse = o.fuse && !o.checked}),
        storage(plan) {
    for (Ref ref : plan.outputs) results.emplace_back(tape->type(ref));
    input_memory.resize(tape->inputs().size());
    output_memory.resize(plan.outputs.size());
    build();
  }

  void build();
  void add_pass(int unit, FusedPass pass);
  void add_shorts(int unit, const FusedPass& pass);
  void add_short(int unit, Short instruction);
  void add_kernel(int unit);
  void add_kernel(int unit, int node, const std::vector<int>& in, const std::vector<int>& out);
  bool run(const void* const* in, void* const* out);
  void run_steps(std::size_t first, std::size_t last);
  void run_step(const Step& step) const;
  void look_at(const Step& step);
  std::vector<Tensor> values_of(std::span<const Ref> refs) const;
  [[noreturn]] void blame(Ref guard) const;
};

// Scratch memory is taken when the needs of all passes are known; what short instructions leave there has pointers.
void Program::Impl::build() {
  std::vector<FusedPass> made(plan.units.size());
  std::size_t bytes = 0;
  for (std::size_t u = 0; u < made.size(); ++u) {
    if (!plan.units[u].fused) continue;
    made[u] = fuse(plan, plan.units[u], storage);
    bytes = std::max(bytes, made[u].scratch_bytes());
  }
  scratch.emplace(bytes * at(pool->threads()));
  for (std::size_t u = 0; u < made.size(); ++u) {
    if (u == plan.guard_position) guard_step = steps.size();
    const int unit = static_cast<int>(u);
    if (!plan.units[u].fused)
      add_kernel(unit);
    else if (made[u].size <= made[u].tile)
      add_shorts(unit, made[u]);
    else
      add_pass(unit, std::move(made[u]));
  }
  if (plan.guard_position == made.size()) guard_step = steps.size();
  for (Ref guard : tape->guards()) guards.push_back({storage.pointer(guard), tape->type(guard)});
  for (const Copy& copy : plan.output_copies)
    output_moves.push_back({storage.pointer(copy.from), copy.to, tape->type(copy.from).bytes()});
  for (const Copy& copy : plan.store_copies)
    store_moves.push_back(
        {storage.pointer(copy.from), storage.pointer(Ref{copy.to, 0}), tape->type(copy.from).bytes()});
  storage.link();
}

void Program::Impl::add_kernel(int unit) {
  const int n = plan.units[at(unit)].nodes[0];
  const Node& node = tape->node(n);
  std::vector<int> in;
  std::vector<int> out;
  for (Ref ref : node.inputs) in.push_back(storage.pointer(ref));
  for (int r = 0; r < static_cast<int>(node.types.size()); ++r) {
    const int pointer = storage.pointer(Ref{n, r});
    out.push_back(pointer < 0 ? storage.pointer_to(nullptr) : pointer);  // spared
  }
  add_kernel(unit, n, in, out);
}

void Program::Impl::add_kernel(int unit, int n, const std::vector<int>& in, const std::vector<int>& out) {
  const Node& node = tape->node(n);
  const auto types = tape->input_types(n);
  const int first = storage.add_arguments(in);
  const int last = storage.add_arguments(out);
  steps.push_back({Step::Kind::kernel, first, last, unit, node.op->operator*().kernel({types, node.attrs})});
}

void Program::Impl::add_pass(int unit, FusedPass pass) {
  steps.push_back({Step::Kind::pass, static_cast<int>(passes.size()), 0, unit});
  passes.push_back(std::move(pass));
}

// One after another, as far as nothing comes between; a checked run looks at each.
void Program::Impl::add_short(int unit, Short instruction) {
  shorts.push_back(instruction);
  const int count = static_cast<int>(shorts.size());
  const bool joins = !steps.empty() && steps.back().kind == Step::Kind::shorts && !options.checked &&
                     (steps.size() > guard_step || plan.units[at(unit)].phase == 0);
  if (joins)
    steps.back().last = count;
  else
    steps.push_back({Step::Kind::shorts, count - 1, count, unit});
}

// In one tile, openings and endings are steps before and behind. Where all memory is the program's own, whole vectors are
// computed: what stands behind the last element is not looked at.
void Program::Impl::add_shorts(int unit, const FusedPass& pass) {
  std::vector<int> pointers(at(pass.registers));
  for (int reg = 0; reg < pass.registers; ++reg)
    if (const int slot = pass.slot_of[at(reg)]; slot >= 0)
      pointers[at(reg)] = storage.pointer_to(scratch->get() + at(slot) * pass.slot_bytes());
  for (const FusedPass::Walk& walk : pass.walks) pointers[at(walk.reg)] = walk.pointer;
  for (const FusedPass::Fill& fill : pass.fills) {
    const int in = storage.add_arguments({fill.pointer});
    const int out = storage.add_arguments({pointers[at(fill.reg)]});
    if (fill.constant) {
      add_short(unit, {fill.stretch.fill(), in, out, pass.size});
    } else {
      steps.push_back({Step::Kind::stretch, static_cast<int>(stretches.size()), 0, unit});
      stretches.push_back({fill.stretch, in, out, pass.size});
    }
  }
  for (const FusedPass::Opening& opening : pass.openings)
    add_kernel(unit, opening.node, opening.pointers, {pointers[at(opening.reg)]});
  for (const FusedPass::Instruction& instruction : pass.instructions) {
    std::vector<int> in;
    for (int i = 0; i < instruction.operands; ++i) in.push_back(pointers[at(instruction.in[at(i)])]);
    const int out = pointers[at(instruction.out)];
    bool padded = storage.is_padded(out);
    for (int pointer : in) padded = padded && storage.is_padded(pointer);
    const Index lanes = 64 / instruction.width;
    const Index n = padded ? (pass.size + lanes - 1) / lanes * lanes : pass.size;
    const int first = storage.add_arguments(in);
    add_short(unit, {instruction.kernel, first, storage.add_arguments({out}), n});
  }
  for (const FusedPass::Ending& ending : pass.endings) {
    std::vector<int> in = ending.pointers;
    in[at(ending.epilogue.needs.operand)] = pointers[at(ending.reg)];
    add_kernel(unit, ending.node, in, {ending.out});
  }
}

void Program::Impl::run_step(const Step& step) const {
  switch (step.kind) {
    case Step::Kind::shorts:
      for (int i = step.first; i < step.last; ++i) {
        const Short& instruction = shorts[at(i)];
        instruction.kernel(storage.arguments(instruction.in), *storage.arguments(instruction.out),
                           instruction.n);
      }
      break;
    case Step::Kind::stretch: {
      const Stretching& s = stretches[at(step.first)];
      s.stretch.copy(*storage.arguments(s.in), *storage.arguments(s.out), 0, s.size);
      break;
    }
    case Step::Kind::kernel:
      step.kernel({storage.arguments(step.first), storage.arguments(step.last), *pool});
      break;
    case Step::Kind::pass: passes[at(step.first)].run(storage.pointers(), scratch->get(), *pool); break;
  }
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
    const Type& type = node.types[at(r)];
    const void* data = storage.memory(ref);
    if (!data) continue;
    const Index nan = first_that(data, type, is_nan);
    const Index place = nan >= 0 ? nan : first_that(data, type, is_not_finite);
    if (place < 0) continue;
    const auto bad = nan >= 0 ? is_nan : is_not_finite;
    Origin origin{ref, nan >= 0};
    if ((*node.op)->explain) origin.explanation = (*node.op)->explain(node.attrs, values_of(node.inputs));
    for (Ref in : node.inputs) {
      if (origin.explanation) break;
      const bool here = node.op->kind() == Kind::elementwise
                            ? bad(element(storage.memory(in), tape->type(in), place))
                            : first_that(storage.memory(in), tape->type(in), bad) >= 0;
      if (!here) continue;
      origin.from = plan.root(in);
      break;
    }
    origins[ref] = origin;
  }
}

std::vector<Tensor> Program::Impl::values_of(std::span<const Ref> refs) const {
  std::vector<Tensor> values;
  for (Ref ref : refs) {
    const Type& type = tape->type(ref);
    Tensor& value = values.emplace_back(type);
    std::memcpy(value.mutable_data(), storage.memory(ref), type.bytes());
  }
  return values;
}

void Program::Impl::blame(Ref guard) const {
  Ref ref = plan.root(guard);
  auto known = origins.find(ref);
  while (known != origins.end() && known->second.from != ref) {
    ref = known->second.from;
    known = origins.find(ref);
  }
  const Node& node = tape->node(ref.node);
  if (known != origins.end() && known->second.explanation)
    throw Error(known->second.explanation->operation,
                known->second.explanation->message + ": " + tape->str(ref.node), node.where);
  const std::string what = known == origins.end() ? "is not finite: "
                           : known->second.nan    ? "gives NaN: "
                                                  : "gives infinity: ";
  throw Error(node.op->name(), what + tape->str(ref.node), node.where);
}

bool Program::Impl::run(const void* const* in, void* const* out) {
  storage.enter(in, out, !options.checked);
  origins.clear();
  run_steps(0, guard_step);
  storage.leave(out);
  void* const* memory = storage.pointers();
  for (const Move& move : output_moves) std::memcpy(out[move.to], memory[move.from], move.bytes);
  for (std::size_t i = 0; i < guards.size(); ++i)
    if (!all_finite(memory[guards[i].pointer], guards[i].type)) {
      if (options.checked) blame(tape->guards()[i]);
      return false;
    }
  if (options.checked) return true;
  run_steps(guard_step, steps.size());
  for (const Move& move : store_moves) std::memcpy(memory[move.to], memory[move.from], move.bytes);
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
    throw Error("run",
                std::to_string(inputs.size()) + " inputs for a program of " + std::to_string(leaves.size()));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Type& type = p.tape->type({leaves[i], 0});
    if (inputs[i].type() != type)
      throw Error("run", "input " + std::to_string(i) + " is " + inputs[i].type().str() +
                             ", the program takes " + type.str());
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
const Tape& Program::tape() const { return *impl_->recorded; }

ProgramFacts Program::facts() const {
  const Impl& p = *impl_;
  ProgramFacts facts;
  facts.steps = static_cast<int>(p.plan.units.size());
  for (const Unit& unit : p.plan.units) facts.fused_passes += unit.fused;
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
