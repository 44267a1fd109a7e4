// The kernels of the instruction set that this machine runs, by the name of their scalar rule.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <tapir/autodiff/tape/kernel.hpp>

namespace tapir::kernels {

enum class InstructionSet { sse4_2, avx2, avx512 };

/// The best set of this machine, or the one that TAPIR_ISA names (sse4_2, avx2, avx512; an unknown or unsupported name
/// is an Error). Chosen once.
InstructionSet instruction_set();
std::string_view name_of(InstructionSet set);
/// Whether this machine and this build can run the set.
bool supported(InstructionSet set);

/// The tile kernel of the scalar rule `name` for `dtype`; null if the rule has none for it.
TileKernel find_tile(std::string_view name, DType dtype);
TileKernel find_tile(std::string_view name, DType dtype, InstructionSet set);
/// The links of chains that the rule makes; null if it makes none.
const ChainLinks* find_links(std::string_view name, DType dtype);
const ChainLinks* find_links(std::string_view name, DType dtype, InstructionSet set);

/// Reduces the middle axis of in[outer, n, inner] to out[outer, inner] for outer indices [first, last). The order of
/// the operations is a function of (n, inner) alone.
using ReduceKernel = void (*)(const void* in, void* out, Index first, Index last, Index n, Index inner);

/// "sum", "prod", "max", "min" (NaN propagates; n = 0 gives the neutral element); "cumsum", "cumsum_reverse" (the result
/// has the operand's shape); null for dtypes without a kernel.
ReduceKernel find_reduce(std::string_view name, DType dtype);
ReduceKernel find_reduce(std::string_view name, DType dtype, InstructionSet set);

/// A reduction of [n, inner] to [inner] whose elements come a tile at a time: the bits of ReduceKernel. `state` has
/// `bytes(n, inner)` bytes, aligned to 64; all tiles but the last are a multiple of `multiple(inner)` elements.
struct StreamKernels {
  Index (*multiple)(Index inner);
  std::size_t (*bytes)(Index n, Index inner);
  void (*start)(void* state, Index inner);
  void (*take)(void* state, const void* in, Index elements);
  void (*finish)(void* state, Index inner, void* out);
};

/// Null for dtypes, and for names, without one.
const StreamKernels* find_stream(std::string_view name, DType dtype);
const StreamKernels* find_stream(std::string_view name, DType dtype, InstructionSet set);

/// Products of a dense matrix, whose rows have k numbers and which ends at `end`, with a vector.
struct VectorKernels {
  /// out[r] = sum of matrix[r, i] vector[i] over i; a product's bits depend on its row and the vector alone.
  void (*dot)(const void* matrix, const void* end, const void* vector, void* out, Index rows, Index k);
  /// sums[i] += sum of weights[r] matrix[r, i] over r, eight rows at a time; whole batches are written to `sums`, up to 16
  /// numbers from the last.
  void (*add_rows)(const void* matrix, const void* end, const void* weights, void* sums, Index rows, Index k);
};

/// For f32 and f64.
const VectorKernels& find_vector(DType dtype);
const VectorKernels& find_vector(DType dtype, InstructionSet set);

/// out[outer, inner] = log sum exp of in[outer, n, inner] over n, and, unless `shares` is null, shares[outer, n, inner] =
/// exp(in - out), 0 where all are -inf.
using LogSumExpKernel = void (*)(const void* in, void* out, void* shares, Index first, Index last, Index n,
                                 Index inner);

/// For f32 and f64.
LogSumExpKernel find_logsumexp(DType dtype);
LogSumExpKernel find_logsumexp(DType dtype, InstructionSet set);

/// Blocks of Philox 4x32-10, `philox_lanes` at a time: their two halves. The same bits in every set.
struct PhiloxKernels {
  /// From block `first` of a sequence on, the halves of a block one after another.
  void (*in_sequence)(std::uint64_t key, std::uint64_t sequence, std::uint64_t first, std::uint64_t* out);
  /// Block `index` of sequence 0 of each key.
  void (*of_keys)(const std::uint64_t* keys, std::uint64_t index, std::uint64_t* first, std::uint64_t* second);
};
constexpr int philox_lanes = 32;

/// Null on a machine without kernels.
const PhiloxKernels* find_philox();

}  // namespace tapir::kernels
