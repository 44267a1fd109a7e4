// Running the example programs as a user does.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "temporary.hpp"

namespace tapir::examples::testing {

struct Finished {
  int status;  // -1: ended by a signal
  std::string out, error;

  /// The first line of the output that begins with `start`, what follows cut at blanks; empty if there is none.
  std::vector<std::string> cells_after(const std::string& start) const {
    std::istringstream lines(out);
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with(start)) continue;
      std::istringstream words(line.substr(start.size()));
      std::vector<std::string> cells;
      for (std::string word; words >> word;) cells.push_back(word);
      return cells;
    }
    return {};
  }

  /// Number `index` of them; NaN if it is not there.
  double number_after(const std::string& start, std::size_t index) const {
    const auto cells = cells_after(start);
    return index < cells.size() ? std::strtod(cells[index].c_str(), nullptr) : std::strtod("nan", nullptr);
  }
};

#ifdef TAPIR_PROGRAMS

/// Runs a program; `environment` stands before it, as in "TAPIR_THREADS=2".
inline Finished run_program(const std::string& name, const std::vector<std::string>& arguments,
                            const std::string& environment = "") {
  const auto quoted = [](const std::string& text) {
    std::string safe = "'";
    for (const char c : text) safe += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return safe + "'";
  };
  const TemporaryDirectory directory;
  const auto out = directory.path() / "out", error = directory.path() / "error";
  std::string command = environment + " " + quoted(std::string(TAPIR_PROGRAMS) + "/" + name);
  for (const std::string& argument : arguments) command += " " + quoted(argument);
  command += " > " + quoted(out.string()) + " 2> " + quoted(error.string());
  const int status = std::system(command.c_str());  // NOLINT(cert-env33-c)
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, contents(out), contents(error)};
}

#endif

}  // namespace tapir::examples::testing
