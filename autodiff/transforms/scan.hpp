// scan: a loop as one node. checkpoint: a segment that is computed again when its gradient is taken.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <span>
#include <vector>

#include <tapir/autodiff/tape/var.hpp>

namespace tapir {

/// What one iteration gives.
struct ScanStep {
  std::vector<Var> carry;
  std::vector<Var> outputs = {};
};

/// One iteration: what is carried, the slice of every x, and the iteration's number, i64[]. Noise takes
/// `key.at(i)`.
using ScanFunction = std::function<ScanStep(std::span<const Var> carry, std::span<const Var> x, Var i)>;

struct ScanOptions {
  /// Needed if there are no xs.
  Index length = -1;
  /// From the last slice to the first; outputs stand where their slice stood.
  bool reverse = false;
};

struct ScanResult {
  std::vector<Var> carry;    // after the last iteration
  std::vector<Var> outputs;  // stacked along a new leading axis
};

/// for i: carry, y_i = f(carry, x_i, i). Recorded as one node with a body, whose size does not grow with the length;
/// what f uses from outside are its captures. On plain values: a plain loop.
///
///   shapes    xs [length, ..]; outputs [length, ..]; the carry keeps its types
///   gradient  a scan backwards, with what was carried kept per iteration
///   errors    "[scan] the carry is f64[2] and becomes f64[3]"; "[scan] xs have lengths 5 and 6"
ScanResult scan(const ScanFunction& f, std::vector<Var> init, std::vector<Var> xs = {},
                ScanOptions options = {}, Where where = here());

/// The results of f; its inner values are not kept for the gradient but computed again when it is taken.
///
///   cost  one more evaluation of f, per result that has a cotangent
std::vector<Var> checkpoint(const std::function<std::vector<Var>(std::span<const Var>)>& f,
                            std::vector<Var> inputs, Where where = here());

}  // namespace tapir
