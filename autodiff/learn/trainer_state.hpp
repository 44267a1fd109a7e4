// TrainerState: what training remembers beside the parameters, by path.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tapir/autodiff/ops/random.hpp>
#include <tapir/autodiff/tape/tape.hpp>

namespace tapir {

/// Moments, averages, running baselines and the count of steps of one trainer, each a cell under a path such as
/// "adam/encode/hidden/weight/m"; shared by all its programs. A copy is the same state.
class TrainerState {
 public:
  TrainerState();

  /// The cell at `path` as a leaf of `tape`; it is made, holding `init`, when it is asked for first.
  ///
  ///   errors  "[state] "adam/w/m" is f32[3]; here it would be f32[4]"
  Var on(const std::shared_ptr<Tape>& tape, std::string_view path, const Tensor& init, Where where = here());
  /// The count of updates done so far, f64[]: the cell "step".
  Var step(const std::shared_ptr<Tape>& tape);
  /// The same as a number.
  Index steps() const;

  std::vector<std::string> paths() const;
  bool contains(std::string_view path) const;
  Tensor value(std::string_view path, Where where = here()) const;
  std::map<std::string, Tensor> values() const;
  /// Values for all cells, or for none if anything does not fit. The cells have to be there: see `prepare`.
  ///
  ///   errors  "[assign] these are not the values of the trainer's state: "adam/w/m" is missing"
  void assign(const std::map<std::string, Tensor>& values, Where where = here());
  /// An Error, as `assign` would raise it, if the values do not fit.
  void check(const std::map<std::string, Tensor>& values, Where where = here()) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Noise that is drawn afresh in each step, and again the same if that step is repeated: its counter {seed, step} is
/// recorded from the count of updates.
Key step_key(const Var& step, Index seed, DType dtype, Where where = here());

}  // namespace tapir
