// Figure: two threads beside a busy process.
// SPDX-License-Identifier: BSD-3-Clause
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

#include "contest.hpp"
#include "report.hpp"
#include "vae.hpp"

namespace tapir::bench {
namespace {

// A process that does nothing, with all its might, for as long as this lives.
class Neighbour {
 public:
  Neighbour() : child_(fork()) {
    if (child_ == 0)
      for (;;) benchmark::ClobberMemory();
  }
  ~Neighbour() {
    (void)kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;

 private:
  pid_t child_;
};

void run(Report& report) {
  const Neighbour neighbour;
  const Tensor x = digits({});
  TapirVae one({.threads = 1}, adam(1e-3)), two({.threads = 2}, adam(1e-3));
  Contest contest({.wall = true, .seconds = 4 * Contest::default_seconds});
  contest.add("1 thread", [&] { one.svi.step(x); });
  contest.add("2 threads", [&] { two.svi.step(x); });
  contest.run();
  report.add("vae 128/400 beside a busy process: 2 threads over 1", contest.ratio("2 threads", "1 thread"),
             "ratio", at_most(1.5));
  report.add("vae 128/400 beside a busy process: 1 thread", 1e6 * contest.seconds("1 thread"), "us");
  report.add("vae 128/400 beside a busy process: 2 threads", 1e6 * contest.seconds("2 threads"), "us");
}

const Figure figure("neighbour", "a step on two threads while another process is busy", run);

}  // namespace
}  // namespace tapir::bench
