// Pool: the threads that one trainer's programs share.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>

#include <tapir/autodiff/tensor/dtype.hpp>

namespace tapir {

/// Runs pieces of one job on a fixed number of threads, the caller's among them. Which thread runs a piece never
/// changes a result: a job is cut into pieces by its shape alone, and pieces write to places of their own.
///
///   cost  with one thread: a plain loop. Else a fork-join of about a microsecond while workers spin, longer once they
///         have parked; nothing is allocated.
class Pool {
 public:
  /// `threads` >= 1; 0 takes TAPIR_THREADS from the environment, else 1.
  explicit Pool(int threads = 1);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int threads() const { return threads_; }

  /// Calls `f(piece, thread)` for every piece in [0, pieces), thread in [0, threads()).
  template <class F>
  void run(Index pieces, const F& f) {
    if (threads_ == 1 || pieces <= 1) {
      for (Index piece = 0; piece < pieces; ++piece) f(piece, 0);
      return;
    }
    fork(
        pieces,
        [](const void* job, Index piece, int thread) { (*static_cast<const F*>(job))(piece, thread); }, &f);
  }

 private:
  using Job = void (*)(const void*, Index, int);
  struct State;

  void fork(Index pieces, Job job, const void* state);
  void work(int thread);

  int threads_ = 1;
  std::unique_ptr<State> state_;
};

}  // namespace tapir
