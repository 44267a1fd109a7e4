// What one instruction set's kernels offer: the tables that table.cpp chooses from.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string_view>

#include <tapir/autodiff/ops/kernels/table.hpp>

namespace tapir::kernels {

struct TileEntry {
  std::string_view name;
  DType dtype;
  TileKernel kernel;
  const ChainLinks* links = nullptr;
};

struct ReduceEntry {
  std::string_view name;
  DType dtype;
  ReduceKernel kernel;
  const StreamKernels* stream = nullptr;
};

/// Constant data, so that a table can be read on a machine that cannot run its kernels.
struct KernelSet {
  const TileEntry* tiles;
  std::size_t tile_count;
  const ReduceEntry* reduces;
  std::size_t reduce_count;
  const LogSumExpKernel* logsumexps;  // f32, f64
  const VectorKernels* vectors;       // f32, f64
  const PhiloxKernels* philox;
};

/// What TAPIR_ISA's value stands for; an empty one for the best set of this machine.
InstructionSet set_named(std::string_view wanted);

extern const KernelSet sse4_2_kernels;
extern const KernelSet avx2_kernels;
extern const KernelSet avx512_kernels;

}  // namespace tapir::kernels
