// Aligned tables for the terminal.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace tapir::examples {

/// Rows of text under a header. The first column is aligned to the left, all others (numbers) to the right;
/// widths count characters, not bytes, so UTF-8 lines up.
///
///   errors    "[table] a row of 3 cells in a table of 4 columns"
///   example   Table table({"weight", "tapir", "exact"});
///             table.add({"intercept", number(0.5), number(0.4999)});
///             std::cout << table;
class Table {
 public:
  explicit Table(std::vector<std::string> header);

  Table& add(std::vector<std::string> cells);

  /// The table with a line under its header, each line ended by a newline.
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;  // the header is row 0
};

std::ostream& operator<<(std::ostream& out, const Table& table);

/// `value` with `decimals` digits after the point; in scientific form where that would show no digit of it or
/// too many.
std::string number(double value, int decimals = 3);

/// `value` with `decimals` digits after the point, however small it is; never "-0.000".
std::string fixed(double value, int decimals = 3);

}  // namespace tapir::examples
