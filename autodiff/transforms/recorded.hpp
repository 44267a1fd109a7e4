// What the transforms share: nodes as rules see them, and where derivatives can flow.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <memory>
#include <vector>

#include <tapir/autodiff/tape/tape.hpp>

namespace tapir {

/// Node `at` of the tape as derivative and batching rules see it.
Recorded recorded(const std::shared_ptr<Tape>& tape, const Node& node, int at, std::vector<bool> needs);

/// All results of node `at` are known: a transform has nothing to write for it.
inline bool all_known(const std::map<Ref, Var>& known, int at, const Node& node) {
  for (int r = 0; r < static_cast<int>(node.types.size()); ++r)
    if (!known.contains({at, r})) return false;
  return true;
}

/// The nodes to which a derivative by the given nodes can flow.
std::vector<bool> differentiable_descendants(const Tape& tape, const std::vector<int>& of);

}  // namespace tapir
