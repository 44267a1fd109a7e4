// batch: a new leading axis for some values of a tape, and for exactly what depends on them.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <vector>

#include <tapir/autodiff/tape/tape.hpp>

namespace tapir {

/// In place of `value` (recorded) stands `by`, of shape [count] ++ value's shape.
struct Replacement {
  Var value;
  Var by;
};

/// `outputs` as they are when every seed is replaced: each of shape [count] ++ its own. What does not depend on a seed
/// stays as it is and is stretched at the end.
std::vector<Var> batch(std::span<const Var> outputs, std::span<const Replacement> seeds, Index count,
                       Where where = here());

/// The same without stretching: `batched` tells which outputs depend on a seed.
std::vector<Widened> widen(std::span<const Var> outputs, std::span<const Replacement> seeds, Index count,
                           Where where = here());

}  // namespace tapir
