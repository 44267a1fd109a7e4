// A chain of elementwise operations: y = tanh(x w + b) exp(-x^2 / 2), and its gradient for a cotangent g.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <vector>

namespace tapir::bench::hand {

/// n elements each; results stand in `y`, `dx`, `dw`, `db`.
struct Chain {
  std::function<void()> forward, gradient;
  std::function<std::vector<std::vector<float>>()> results;
};

using Values = std::vector<float>;
/// One assignment per operation, into memory that is there already.
Chain chain_by_operation(const Values& x, const Values& w, const Values& b, const Values& g);
/// One expression per result.
Chain chain_by_expression(const Values& x, const Values& w, const Values& b, const Values& g);
/// One loop for all, by hand.
Chain chain_by_hand(const Values& x, const Values& w, const Values& b, const Values& g);

}  // namespace tapir::bench::hand
