// Packing: equal small operations of a tape side by side, as one operation on an array.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <vector>

#include <tapir/autodiff/tape/tape.hpp>

namespace tapir {

/// A tape, and where its results are.
struct Packed {
  std::shared_ptr<const Tape> tape;
  std::vector<Ref> outputs;
};

/// What a loop over the entries of a series records, many equal operations on a few numbers, becomes operations on
/// arrays where the operations do not wait for each other, and left folds where they add up one after another. The
/// same inputs, cells, stores and guards, the same bits. A tape that would gain little is given back as it is, and so is
/// one that says when to compute what: packing would undo its checkpoints.
Packed pack(std::shared_ptr<const Tape> tape, std::vector<Ref> outputs);

}  // namespace tapir
