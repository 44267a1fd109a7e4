// The command line: which figures, how long, where to.
// SPDX-License-Identifier: BSD-3-Clause
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

#include <cblas.h>
#include <fmt/format.h>

#include "contest.hpp"
#include "machine.hpp"
#include "report.hpp"
#include "served.hpp"

namespace {

using namespace tapir::bench;

struct Command {
  bool compare = false;
  bool list = false;
  std::string json, filter;
};

Command parse(int argc, char** argv) {
  Command command;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const bool more = i + 1 < argc;
    if (argument == "--compare")
      command.compare = true;
    else if (argument == "--list")
      command.list = true;
    else if (argument == "--json" && more)
      command.json = argv[++i];
    else if (argument == "--seconds" && more)
      Contest::default_seconds = std::stod(argv[++i]);
    else if (argument.starts_with("-") || !command.filter.empty())
      throw std::runtime_error(fmt::format("unknown argument {}; try tests/benchmark/run --help", argument));
    else
      command.filter = argument;
  }
  return command;
}

int run(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--serve") return serve({argv + 2, argv + argc});
  const Command command = parse(argc, argv);
  int count = 0;
  for (const Figure& figure : Figure::all()) {
    if (figure.name.find(command.filter) == std::string::npos) continue;
    if (command.list) fmt::print("  {:<16} {}\n", figure.name, figure.about);
    ++count;
  }
  if (count == 0) throw std::runtime_error("no figure is named like \"" + command.filter + "\"");
  if (command.list) return 0;

  Report report(command.json);
  report.compare = command.compare;
  describe_machine();
  openblas_set_num_threads(1);  // hand-written code shares its work out itself
  for (const Figure& figure : Figure::all()) {
    if (figure.name.find(command.filter) == std::string::npos) continue;
    report.title(figure.name + ": " + figure.about);
    figure.run(report);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "benchmark: {}\n", error.what());
    return 1;
  }
}
