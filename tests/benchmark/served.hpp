// Served: a contestant in a process of its own, which does its work whenever it is asked.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tapir::bench {

/// A child that writes "ready", then answers each line "run N" with the seconds that N repeats took, and
/// "memory" with the peak of its memory in MiB. Programs in other languages do the same.
class Served {
 public:
  /// Null if the program cannot be started or does not become ready: then it has said why.
  static std::unique_ptr<Served> start(const std::vector<std::string>& command);
  ~Served();
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  double seconds(std::size_t repeats);
  /// Of a child that serves several steps: which one.
  void choose(std::size_t step);
  double peak_mib();

 private:
  Served() = default;
  std::string ask(const std::string& question);

  int child_ = -1;
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
};

/// This program, as a child of itself: `--serve <words>`.
std::vector<std::string> self(std::vector<std::string> words);

/// The child's side: what to serve is looked up by the first word.
int serve(const std::vector<std::string>& words);

/// The folder of this program, where its companions lie.
std::string folder_of_program();

}  // namespace tapir::bench
