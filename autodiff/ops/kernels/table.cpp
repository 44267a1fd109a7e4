// Choosing the instruction set, and looking kernels up in it.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/kernels/table.hpp>

#include <cstdlib>
#include <string>

#include <tapir/autodiff/ops/kernels/sets.hpp>
#include <tapir/autodiff/tensor/error.hpp>

namespace tapir::kernels {
namespace {

constexpr InstructionSet all_sets[] = {InstructionSet::sse4_2, InstructionSet::avx2, InstructionSet::avx512};

#if defined(__x86_64__)
const KernelSet& kernels_of(InstructionSet set) {
  switch (set) {
    case InstructionSet::avx2: return avx2_kernels;
    case InstructionSet::avx512: return avx512_kernels;
    case InstructionSet::sse4_2: break;
  }
  return sse4_2_kernels;
}

bool machine_has(InstructionSet set) {
  switch (set) {
    case InstructionSet::avx2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case InstructionSet::avx512:
      // What -march=x86-64-v4 may use.
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("bmi2") &&
             __builtin_cpu_supports("fma");
    case InstructionSet::sse4_2: break;
  }
  return __builtin_cpu_supports("sse4.2");
}
#else
// Other machines: everything compiles, and no rule is found.
const KernelSet& kernels_of(InstructionSet) {
  static constexpr KernelSet none = {};
  return none;
}
bool machine_has(InstructionSet) { return false; }
#endif

const TileEntry* find_entry(std::string_view name, DType dtype, InstructionSet set) {
  const KernelSet& kernels = kernels_of(set);
  for (std::size_t i = 0; i < kernels.tile_count; ++i)
    if (kernels.tiles[i].dtype == dtype && kernels.tiles[i].name == name) return &kernels.tiles[i];
  return nullptr;
}

const ReduceEntry* find_reduction(std::string_view name, DType dtype, InstructionSet set) {
  const KernelSet& kernels = kernels_of(set);
  for (std::size_t i = 0; i < kernels.reduce_count; ++i)
    if (kernels.reduces[i].dtype == dtype && kernels.reduces[i].name == name) return &kernels.reduces[i];
  return nullptr;
}

InstructionSet best_set() {
  InstructionSet best = InstructionSet::sse4_2;
  for (InstructionSet set : all_sets)
    if (supported(set)) best = set;
  return best;
}

}  // namespace

InstructionSet set_named(std::string_view wanted) {
  if (wanted.empty()) return best_set();
  for (InstructionSet set : all_sets) {
    if (name_of(set) != wanted) continue;
    if (supported(set)) return set;
    throw Error("kernels", "TAPIR_ISA is " + std::string(wanted) +
                               ", which this machine does not have; its best is " +
                               std::string(name_of(best_set())));
  }
  throw Error("kernels", "TAPIR_ISA is \"" + std::string(wanted) + "\"; it can be sse4_2, avx2 or avx512");
}

InstructionSet instruction_set() {
  static const InstructionSet chosen = [] {
    const char* wanted = std::getenv("TAPIR_ISA");
    return set_named(wanted == nullptr ? "" : wanted);
  }();
  return chosen;
}

std::string_view name_of(InstructionSet set) {
  switch (set) {
    case InstructionSet::avx2: return "avx2";
    case InstructionSet::avx512: return "avx512";
    case InstructionSet::sse4_2: break;
  }
  return "sse4_2";
}

bool supported(InstructionSet set) { return machine_has(set); }

TileKernel find_tile(std::string_view name, DType dtype) { return find_tile(name, dtype, instruction_set()); }

TileKernel find_tile(std::string_view name, DType dtype, InstructionSet set) {
  const TileEntry* entry = find_entry(name, dtype, set);
  return entry ? entry->kernel : nullptr;
}

const ChainLinks* find_links(std::string_view name, DType dtype) {
  return find_links(name, dtype, instruction_set());
}

const ChainLinks* find_links(std::string_view name, DType dtype, InstructionSet set) {
  const TileEntry* entry = find_entry(name, dtype, set);
  return entry ? entry->links : nullptr;
}

ReduceKernel find_reduce(std::string_view name, DType dtype) {
  return find_reduce(name, dtype, instruction_set());
}

ReduceKernel find_reduce(std::string_view name, DType dtype, InstructionSet set) {
  const ReduceEntry* entry = find_reduction(name, dtype, set);
  return entry ? entry->kernel : nullptr;
}

const StreamKernels* find_stream(std::string_view name, DType dtype) {
  return find_stream(name, dtype, instruction_set());
}

const StreamKernels* find_stream(std::string_view name, DType dtype, InstructionSet set) {
  const ReduceEntry* entry = find_reduction(name, dtype, set);
  return entry ? entry->stream : nullptr;
}

const VectorKernels& find_vector(DType dtype) { return find_vector(dtype, instruction_set()); }

const VectorKernels& find_vector(DType dtype, InstructionSet set) {
  static constexpr VectorKernels none = {};
  const VectorKernels* kernels = kernels_of(set).vectors;
  return kernels && is_floating(dtype) ? kernels[dtype == DType::f32 ? 0 : 1] : none;
}

LogSumExpKernel find_logsumexp(DType dtype) { return find_logsumexp(dtype, instruction_set()); }

LogSumExpKernel find_logsumexp(DType dtype, InstructionSet set) {
  const LogSumExpKernel* kernels = kernels_of(set).logsumexps;
  return kernels && is_floating(dtype) ? kernels[dtype == DType::f32 ? 0 : 1] : nullptr;
}

const PhiloxKernels* find_philox() { return kernels_of(instruction_set()).philox; }

}  // namespace tapir::kernels
