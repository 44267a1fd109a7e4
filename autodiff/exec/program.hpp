// Program: a tape made ready to run, again and again, over one arena.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <tapir/autodiff/exec/pool.hpp>
#include <tapir/autodiff/tape/tape.hpp>

namespace tapir {

struct ProgramOptions {
  /// Fuse elementwise chains; the bits are the same either way.
  bool fuse = true;
  /// Look at every value: if a guard is not finite, an Error names the node, path and line where that began. A
  /// value that does not reach a guard, masked by a `where`, may be what it likes. Nothing is stored.
  bool checked = false;
};

/// Facts of a plan, for tests and for the curious.
struct ProgramFacts {
  int nodes = 0;  // live ones that compute
  int steps = 0;
  int fused_passes = 0;
  int stores_in_place = 0;
  int stores_copied = 0;
  std::size_t arena_bytes = 0;
};

/// Runs `outputs` of a tape and then its stores. Stores commit only if every guard of the tape is finite. One thread of
/// the user's at a time; running allocates nothing, except for an output or a cell whose memory the user still holds.
class Program {
 public:
  Program(std::shared_ptr<const Tape> tape, std::vector<Ref> outputs, std::shared_ptr<Pool> pool = nullptr,
          ProgramOptions options = {});
  ~Program();
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;

  /// Runs on one tensor per input of the tape. False if a guard was not finite: then nothing has been stored.
  bool run(std::span<const Tensor> inputs);
  /// The results of the last run; valid until the next one unless copied.
  std::span<const Tensor> outputs() const;
  /// Runs on raw memory of the inputs' and outputs' types: what an operation with a body does.
  bool run(const void* const* inputs, void* const* outputs);

  const Tape& tape() const;
  ProgramFacts facts() const;
  /// One line per step.
  std::string str() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapir
