// Estimator: how the gradient of an expectation is taken at a site, as two functions.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tapir/autodiff/stochastic/plate.hpp>
#include <tapir/autodiff/tape/tape.hpp>
#include <tapir/autodiff/transforms/batch.hpp>

namespace tapir {

/// A running quantity of an estimator: read before, stored after the step, under the trainer's guard.
struct StateUpdate {
  std::shared_ptr<Cell> cell;
  Var value;
};

/// Gives the cell of a path, made with `init` when it is asked for the first time. Trainers pass their own.
using CellSource = std::function<std::shared_ptr<Cell>(const std::string& path, const Tensor& init)>;

/// What `copies` sees: the site before anything is tried at it; earlier sites may have put axes of copies in front.
struct Draw {
  std::string name;
  Var value;
  Var log_density;  // [.., plates]
  std::vector<Var>
      noise;  // the site's own: neither earlier sites nor the parameters of its law are made of it
  Plates plates;
};

/// Values to try, on a new leading axis: what replaces the site's noise, or the value itself.
struct Copies {
  Index count = 1;
  std::vector<Replacement> replacements;
};

/// What `surrogate` sees. A leading axis of the copies, then those of earlier sites' copies, then the plates. The cost
/// is everything downstream of the site, in unscaled units of one element of its plates, and carries no gradient.
struct Trial {
  std::string name;
  Index copies = 1;
  Var value;               // [copies, .., plates, own]
  Var log_density;         // [copies, .., plates]
  Var cost;                // broadcasts to the same
  std::vector<Var> reads;  // the estimator's, [1, .., their own axes]
  Plates plates;
  CellSource cells;
};

/// Both are averaged over copies and summed over plates with their scale; they broadcast to [copies, .., plates].
/// `auxiliary` fits baselines: it is differentiated apart.
struct Surrogate {
  Var term;
  std::optional<Var> auxiliary = {};
  std::vector<StateUpdate> updates = {};
};

/// The estimator of one site: which of its values to try, and what scalar to differentiate for them.
struct Estimator {
  std::string name;
  /// The gradient flows through the value; nothing else is done.
  bool pathwise = false;
  /// Null: the value itself.
  std::function<Copies(const Draw&)> copies = nullptr;
  /// Null for pathwise ones.
  std::function<Surrogate(const Trial&)> surrogate = nullptr;
  /// What the surrogate reads besides, such as a learned baseline: it gets them with the copies of earlier sites. They
  /// may not depend on the site's own value.
  std::vector<Var> reads = {};
};

}  // namespace tapir
