// Recording one update: where an optimizer writes, and what commits.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include <tapir/autodiff/learn/gradient.hpp>
#include <tapir/autodiff/learn/trainer_state.hpp>

namespace tapir {

/// Where one update is recorded, and what is remembered from the one before.
class UpdateContext {
 public:
  UpdateContext(std::shared_ptr<Tape> tape, TrainerState state);

  /// The count of updates before this one, an f64 scalar on the tape.
  const Var& step() const { return step_; }
  /// The same now, while recording: what a cell that is made late may begin with.
  Tensor steps() const { return state_.value("step"); }
  /// The value remembered at `path`, on the tape; `remember` gives it its next one.
  ///
  ///   errors  "[state] two parts of the optimizer remember "adam/w/m""
  Var recall(const std::string& path, const Tensor& init);
  void remember(const Var& recalled, const Var& next);

 private:
  std::shared_ptr<Tape> tape_;
  TrainerState state_;
  Var step_;
  std::set<std::string> taken_;
};

/// Records the updates, one per gradient, that are to be added to the parameters. Also what only changes gradients on
/// their way: the results of one are the gradients of the next in a chain.
using Optimizer = std::function<std::vector<Var>(UpdateContext&, const std::vector<Gradient>&)>;

/// The parameter after an update, its own learning rate taken into account.
Var updated(const Gradient& gradient, const Var& update);

/// The norm of all gradients together.
Var global_norm(const std::vector<Gradient>& gradients);

/// Records one update at the end of a training step: the parameters take their new values, the trainer's state its
/// own, and the count of steps advances - all of it if the loss and every gradient's sum of squares are finite (so no
/// second moment overflows), else nothing.
void apply_updates(const TrainerState& state, const Optimizer& optimizer, const Var& loss,
                   const std::vector<Gradient>& gradients, Where where = here());

/// Makes the cells that training these parameters with this optimizer uses, so that saved values can be assigned to
/// them before the first step.
void prepare(const TrainerState& state, const Params& params, const Optimizer& optimizer,
             Where where = here());

}  // namespace tapir
