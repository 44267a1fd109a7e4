// A function of tensors as a program on one thread, with its inputs held ready.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <utility>
#include <vector>

#include <tapir/autodiff/autodiff.hpp>

namespace tapir::bench {

class ProgramOf {
 public:
  ProgramOf(const Recordable& f, std::vector<Tensor> inputs) : ProgramOf(record(f, inputs), inputs) {}

  void run() { program_.run(in_.data(), out_.data()); }
  const Tensor& result(std::size_t i) const { return results_[i]; }
  const Program& program() const { return program_; }

 private:
  struct Recording {
    std::shared_ptr<Tape> tape;
    std::vector<Ref> results;
  };

  static Recording record(const Recordable& f, const std::vector<Tensor>& inputs) {
    Recording recording{Tape::make(), {}};
    std::vector<Var> x;
    for (const Tensor& tensor : inputs) x.push_back(recording.tape->input(tensor.type()));
    for (const Var& y : f(x)) recording.results.push_back(y.place()->ref);
    return recording;
  }

  ProgramOf(const Recording& recording, std::vector<Tensor> inputs)
      : inputs_(std::move(inputs)), program_(recording.tape, recording.results, std::make_shared<Pool>(1)) {
    for (const Tensor& tensor : inputs_) in_.push_back(tensor.data());
    for (const Ref ref : recording.results) results_.emplace_back(recording.tape->type(ref));
    for (Tensor& tensor : results_) out_.push_back(tensor.mutable_data());
  }

  std::vector<Tensor> inputs_, results_;
  std::vector<const void*> in_;
  std::vector<void*> out_;
  Program program_;
};

/// The value of a function and its gradient by every input.
inline Recordable with_gradient(Recordable f) {
  return [f = std::move(f)](std::span<const Var> x) {
    std::vector<Var> all{f(x)[0]};
    for (Var& by : grad(all[0], x)) all.push_back(std::move(by));
    return all;
  };
}

}  // namespace tapir::bench
