// Chains: nodes of a unit that hand a value on in registers.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include <tapir/autodiff/exec/plan.hpp>

namespace tapir {

/// Nodes one after another; operand `mine[i]` of node i is the value of the node before it. One node is a chain, too.
struct Chain {
  std::vector<int> nodes;
  std::vector<int> mine;
};

/// Every node of a fused unit in one chain, in the order of their last nodes: so they may run.
std::vector<Chain> find_chains(const Plan& plan, const Unit& unit);

/// What the node is in a chain; null if it cannot be part of one.
const ChainLinks* links_of(const Plan& plan, int node);

}  // namespace tapir
