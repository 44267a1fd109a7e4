// The kernels of the instruction set that this machine runs, by the name of their scalar rule.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

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

/// out[outer, inner] = log sum exp of in[outer, n, inner] over n, and, unless `shares` is null, shares[outer, n, inner] =
/// exp(in - out), 0 where all are -inf.
using LogSumExpKernel = void (*)(const void* in, void* out, void* shares, Index first, Index last, Index n,
                                 Index inner);

/// For f32 and f64.
LogSumExpKernel find_logsumexp(DType dtype);
LogSumExpKernel find_logsumexp(DType dtype, InstructionSet set);

}  // namespace tapir::kernels
