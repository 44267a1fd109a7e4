// What the figures were taken on.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace tapir::bench {

/// Prints processor, load, instruction set of the library's kernels, BLAS, and flags of the hand-written
/// code.
void describe_machine();

}  // namespace tapir::bench
