// Pool: every piece once, on any thread, in any weather.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/pool.hpp>

#include <tapir/autodiff/tensor/error.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

using tapir::Index;
using tapir::Pool;

namespace {

/// Sets TAPIR_THREADS, and takes it away again.
struct Environment {
  explicit Environment(const char* value) { setenv("TAPIR_THREADS", value, 1); }
  ~Environment() { unsetenv("TAPIR_THREADS"); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
};

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace

TEST_CASE("pool: every piece runs exactly once, on a thread of the pool") {
  for (int threads : {1, 2, 3, 7}) {
    Pool pool(threads);
    CHECK(pool.threads() == threads);
    for (Index pieces : {0, 1, 2, 3, 8, 1000}) {
      std::vector<int> runs(static_cast<std::size_t>(pieces), 0);
      std::atomic<bool> known = true;
      pool.run(pieces, [&](Index piece, int thread) {
        ++runs[static_cast<std::size_t>(piece)];
        if (thread < 0 || thread >= threads) known = false;
      });
      CHECK(known);
      CHECK(std::all_of(runs.begin(), runs.end(), [](int count) { return count == 1; }));
    }
  }
}

TEST_CASE("pool: what a job wrote is there when run returns, many thousand times over") {
  Pool pool(4);
  std::vector<Index> values(37, 0);
  Index wanted = 0;
  for (Index round = 1; round <= 20000; ++round) {
    const Index pieces = 1 + round % static_cast<Index>(values.size());
    pool.run(pieces, [&](Index piece, int) { values[static_cast<std::size_t>(piece)] += round; });
    wanted += pieces * round;
  }
  CHECK(std::accumulate(values.begin(), values.end(), Index(0)) == wanted);
}

TEST_CASE("pool: two pieces never run on one thread number at once") {
  Pool pool(3);
  std::vector<std::atomic<int>> inside(3);
  std::atomic<bool> alone = true;
  for (int round = 0; round < 500; ++round)
    pool.run(16, [&](Index, int thread) {
      auto& count = inside[static_cast<std::size_t>(thread)];
      if (count.fetch_add(1) != 0) alone = false;
      count.fetch_sub(1);
    });
  CHECK(alone);
}

TEST_CASE("pool: workers that have parked wake up for the next job") {
  Pool pool(2);
  for (int round = 0; round < 20; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    // Both pieces wait for each other, so that this ends only if two threads take part.
    std::atomic<int> arrived = 0;
    pool.run(2, [&](Index, int) {
      arrived.fetch_add(1);
      while (arrived.load() < 2) std::this_thread::yield();
    });
    CHECK(arrived == 2);
  }
}

TEST_CASE("pool: the caller sleeps while the last piece is long") {
  Pool pool(2);
  const double before = processor_seconds();
  std::atomic<int> arrived = 0;
  pool.run(2, [&](Index, int thread) {
    arrived.fetch_add(1);
    while (arrived.load() < 2) std::this_thread::yield();
    if (thread == 1) std::this_thread::sleep_for(std::chrono::milliseconds(200));
  });
  CHECK(processor_seconds() - before < 0.1);
}

TEST_CASE("pool: idle threads use no processor") {
  Pool pool(4);
  pool.run(8, [](Index, int) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const double before = processor_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  CHECK(processor_seconds() - before < 0.03);
}

TEST_CASE("pool: a run inside a job is a plain loop on the same thread number") {
  Pool pool(3);
  std::atomic<int> count = 0;
  std::atomic<bool> same = true;
  pool.run(8, [&](Index, int outer) {
    pool.run(5, [&](Index, int inner) {
      count.fetch_add(1);
      if (inner != outer) same = false;
    });
  });
  CHECK(count == 40);
  CHECK(same);
}

TEST_CASE("pool: a second caller at the same time gets its work done too") {
  Pool pool(2);
  std::atomic<Index> sum = 0;
  const auto call = [&] {
    for (int round = 0; round < 500; ++round) pool.run(4, [&](Index piece, int) { sum.fetch_add(piece); });
  };
  std::thread other(call);
  call();
  other.join();
  CHECK(sum == 2 * 500 * 6);
}

TEST_CASE("pool: pools come and go") {
  for (int round = 0; round < 100; ++round) {
    Pool pool(3);
    std::atomic<int> count = 0;
    if (round % 2 == 0) pool.run(3, [&](Index, int) { count.fetch_add(1); });
    CHECK(count == (round % 2 == 0 ? 3 : 0));
  }
}

TEST_CASE("pool: zero threads means TAPIR_THREADS, or one") {
  CHECK(Pool(0).threads() == 1);
  const Environment environment("3");
  CHECK(Pool(0).threads() == 3);
  CHECK(Pool(2).threads() == 2);
}

TEST_CASE("pool: a number of threads that is none is an error") {
  CHECK_THROWS_WITH_AS(Pool(-1), "[pool] -1 threads; at least 1 is needed", tapir::Error);
  CHECK_THROWS_WITH_AS(Pool(5000), "[pool] 5000 threads; at most 1024 are possible", tapir::Error);
  for (const char* text : {"0", "-2", "two", "2x"}) {
    const Environment environment(text);
    const std::string message =
        "[pool] TAPIR_THREADS is \"" + std::string(text) + "\"; it must be a whole number of at least 1";
    CHECK_THROWS_WITH_AS(Pool(0), message.c_str(), tapir::Error);
  }
}
