// Reading numbers from CSV files.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tapir::examples {

/// Columns of numbers with names, all of one length.
struct Columns {
  std::vector<std::string> names;
  std::vector<std::vector<double>> values;  ///< values[column][row]

  std::size_t rows() const { return values.empty() ? 0 : values[0].size(); }

  ///   errors    "no column "wieght"; the columns are: height, weight"
  const std::vector<double>& operator[](std::string_view name) const;
};

/// Reads a CSV file: a header line of names, then lines of finite numbers, separated by commas. Names may be
/// quoted; spaces around fields, blank lines, Windows line ends and a byte order mark are allowed.
///
///   errors    "cannot read f: No such file or directory"
///             "f:3: column "age": "abc" is not a finite number", "f:3: column "age" is empty"
///             "f:4: 3 fields, but the header names 4 columns", "f:1: two columns are named "age""
///             "f: no header", "f: no rows below the header"
Columns read_csv(const std::filesystem::path& file);

}  // namespace tapir::examples
