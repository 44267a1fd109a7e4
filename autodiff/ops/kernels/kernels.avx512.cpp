// The kernels of instruction set avx512.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/kernels/sets.hpp>

#include <xsimd/xsimd.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

namespace tapir::kernels {
namespace {
using Arch = xsimd::avx512dq;
#include "set.inc"
}  // namespace

constexpr KernelSet avx512_kernels = {tiles.data(), tiles.size(), reductions.front().data(),
                                      3 * reductions.size(), logsumexps, vectors, &philox_blocks};

}  // namespace tapir::kernels
