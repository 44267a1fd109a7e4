// How a Pool's threads find work, and how they rest.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/pool.hpp>

#include <tapir/autodiff/tensor/error.hpp>

#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tapir {
namespace {

/// The pool whose job this thread is working on, and the thread's number in it.
struct Place {
  const Pool* pool = nullptr;
  int thread = 0;
};
thread_local Place place;

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

/// Spins until `done()`, for at most `budget`. A wake-up costs 5 to 20 us, and so does a fork in a training step come
/// within that time: longer spinning would only take time from others.
template <class F>
bool spin(std::chrono::microseconds budget, const F& done) {
  if (done()) return true;
  if (budget.count() == 0) return false;
  const auto end = std::chrono::steady_clock::now() + budget;
  do {
    for (int i = 0; i < 32; ++i) {
      if (done()) return true;
      pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return done();
}

int threads_wanted(int threads) {
  if (threads > 0) return threads;
  if (threads < 0) throw Error("pool", std::to_string(threads) + " threads; at least 1 is needed");
  const char* text = std::getenv("TAPIR_THREADS");
  if (text == nullptr || *text == '\0') return 1;
  const char* end = text + std::strlen(text);
  int value = 0;
  const auto [stop, code] = std::from_chars(text, end, value);
  if (code != std::errc() || stop != end || value < 1)
    throw Error("pool",
                "TAPIR_THREADS is \"" + std::string(text) + "\"; it must be a whole number of at least 1");
  return value;
}

}  // namespace

// The job's word: bit 0 says that workers may still enter, then come the number of workers inside and the number of the
// job. A worker enters by one compare-and-swap on it, so one that comes late misses the job: the caller waits for those
// who took a piece, never for one that sleeps or was put aside by the operating system.
struct Pool::State {
  static constexpr std::uint64_t open = 1;
  static constexpr std::uint64_t worker = 2;
  static constexpr std::uint64_t inside = 0xfffe;
  static constexpr std::uint64_t number = 0x10000;

  alignas(64) std::atomic<std::uint64_t> word{0};
  alignas(64) std::atomic<Index> next{0};
  // Written by the caller while nobody is inside, read by those who are.
  alignas(64) Job job = nullptr;
  const void* argument = nullptr;
  Index pieces = 0;

  alignas(64) std::atomic<int> parked{0};
  std::atomic<bool> caller_parked{false};
  std::atomic<bool> busy{false};
  std::mutex mutex;
  std::condition_variable work;
  std::condition_variable done;
  bool stopping = false;

  std::chrono::microseconds budget{0};
  std::vector<std::thread> workers;

  ~State() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    work.notify_all();
    for (std::thread& thread : workers) thread.join();
  }

  void take_pieces(int thread) noexcept {
    for (Index piece; (piece = next.fetch_add(1, std::memory_order_relaxed)) < pieces;)
      job(argument, piece, thread);
  }
};

Pool::Pool(int threads) : threads_(threads_wanted(threads)) {
  if (threads_ == 1) return;
  if (threads_ > 1024) throw Error("pool", std::to_string(threads_) + " threads; at most 1024 are possible");
  state_ = std::make_unique<State>();
  // With more threads than processors, whoever spins keeps a processor from whoever works.
  if (static_cast<unsigned>(threads_) <= std::thread::hardware_concurrency())
    state_->budget = std::chrono::microseconds(50);
  state_->workers.reserve(static_cast<std::size_t>(threads_ - 1));
  for (int thread = 1; thread < threads_; ++thread)
    state_->workers.emplace_back([this, thread] { work(thread); });
}

Pool::~Pool() = default;

void Pool::fork(Index pieces, Job job, const void* argument) {
  State& state = *state_;
  const bool nested = place.pool == this;
  if (nested || state.busy.exchange(true, std::memory_order_acquire)) {
    const int thread = nested ? place.thread : 0;
    for (Index piece = 0; piece < pieces; ++piece) job(argument, piece, thread);
    return;
  }
  const Place outer = place;
  place = {this, 0};

  state.job = job;
  state.argument = argument;
  state.pieces = pieces;
  state.next.store(0, std::memory_order_relaxed);
  const std::uint64_t last = state.word.load(std::memory_order_relaxed);
  // Sequentially consistent against `parked`: either a worker on its way to rest sees this job, or it is seen here.
  state.word.store((last | State::open) + State::number);
  if (state.parked.load() > 0) {
    { const std::lock_guard lock(state.mutex); }
    state.work.notify_all();
  }

  state.take_pieces(0);

  state.word.fetch_and(~State::open);
  const auto finished = [&] { return (state.word.load() & State::inside) == 0; };
  if (!spin(state.budget, finished)) {
    std::unique_lock lock(state.mutex);
    state.caller_parked.store(true);
    state.done.wait(lock, finished);
    state.caller_parked.store(false);
  }
  place = outer;
  state.busy.store(false, std::memory_order_release);
}

void Pool::work(int thread) {
  State& state = *state_;
  place = {this, thread};
  std::uint64_t seen = 0;
  const auto news = [&] {
    const std::uint64_t word = state.word.load();
    return (word & State::open) != 0 && word / State::number != seen;
  };
  while (true) {
    if (!spin(state.budget, news)) {
      std::unique_lock lock(state.mutex);
      state.parked.fetch_add(1);
      state.work.wait(lock, [&] { return state.stopping || news(); });
      state.parked.fetch_sub(1);
      if (state.stopping) return;
    }
    std::uint64_t word = state.word.load();
    while ((word & State::open) != 0 && word / State::number != seen) {
      if (!state.word.compare_exchange_weak(word, word + State::worker)) continue;
      seen = word / State::number;
      state.take_pieces(thread);
      const std::uint64_t before = state.word.fetch_sub(State::worker);
      if ((before & State::inside) == State::worker && state.caller_parked.load()) {
        { const std::lock_guard lock(state.mutex); }
        state.done.notify_one();
      }
      break;
    }
  }
}

}  // namespace tapir
