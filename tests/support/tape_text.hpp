// Tapes as golden texts: what tests say of a whole tape, and counts of its nodes.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

#include <tapir/autodiff/tape/tape.hpp>

namespace tapir::test {

/// Nodes [first, size) as printed, without paths and lines, which move with the test's own.
inline std::string golden(const Tape& tape, int first = 0) {
  std::string text;
  for (int i = first; i < tape.size(); ++i) {
    const std::string line = tape.str(i);
    text += line.substr(0, line.find("   #")) + "\n";
  }
  return text;
}

/// How many of the nodes from `first` on are of operation `name`.
inline int count_of(const Tape& tape, std::string_view name, int first = 0) {
  int count = 0;
  for (int i = first; i < tape.size(); ++i) count += tape.node(i).op->name() == name;
  return count;
}

}  // namespace tapir::test
