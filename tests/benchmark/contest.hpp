// Contest: several ways to do the same work, timed side by side.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

namespace tapir::bench {

/// Seconds since some moment: of all threads of this process, or of the wall.
double cpu_seconds();
double wall_seconds();

struct ContestOptions {
  /// Work on several threads, or elsewhere, is timed by the wall; else by the processor's time, which a busy
  /// neighbour does not lengthen.
  bool wall = false;
  /// For each contestant, all rounds together; 0 is what the command line says.
  double seconds = 0.0;
  int rounds = 21;
};

/// Each round runs every contestant once, the first one in turn, repeated as often as fills its share of the
/// time. A ratio is the median of the rounds' ratios: what disturbs the machine for longer than a round
/// disturbs both.
///
///   example  Contest contest;
///            contest.add("tapir", [&] { program.run(inputs); });
///            contest.add("hand", [&] { hand(x); });
///            contest.run();
///            contest.ratio("tapir", "hand");
class Contest {
 public:
  explicit Contest(ContestOptions options = {}) : options_(options) {}

  template <class F>
  void add(std::string name, F work) {
    add_timed(std::move(name), [work = std::move(work), wall = options_.wall](std::size_t repeats) mutable {
      const double start = wall ? wall_seconds() : cpu_seconds();
      for (std::size_t i = 0; i < repeats; ++i) {
        work();
        benchmark::ClobberMemory();
      }
      return (wall ? wall_seconds() : cpu_seconds()) - start;
    });
  }
  /// `seconds(repeats)` does the work and tells its time.
  void add_timed(std::string name, std::function<double(std::size_t)> seconds);

  void run();

  /// The median, in seconds per repeat.
  double seconds(std::string_view name) const;
  double ratio(std::string_view name, std::string_view over) const;
  bool has(std::string_view name) const;

  /// What the command line says.
  static double default_seconds;

 private:
  struct Contestant {
    std::string name;
    std::function<double(std::size_t)> seconds;
    std::size_t repeats = 1;
    std::vector<double> times;
  };
  const Contestant& find(std::string_view name) const;

  ContestOptions options_;
  std::vector<Contestant> contestants_;
};

double median(std::vector<double> values);

/// The exponent e of y = c x^e that fits best in logarithms.
double exponent(const std::vector<double>& x, const std::vector<double>& y);

}  // namespace tapir::bench
