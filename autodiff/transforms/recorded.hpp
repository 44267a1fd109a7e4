// What the transforms share: nodes as rules see them, and where derivatives can flow.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <vector>

#include <tapir/autodiff/tape/tape.hpp>

namespace tapir {

/// Node `at` of the tape as derivative and batching rules see it.
Recorded recorded(const std::shared_ptr<Tape>& tape, const Node& node, int at, std::vector<bool> needs);

/// The nodes to which a derivative by the given nodes can flow.
std::vector<bool> differentiable_descendants(const Tape& tape, const std::vector<int>& of);

}  // namespace tapir
