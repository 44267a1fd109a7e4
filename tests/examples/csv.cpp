// CSV: columns by name, and errors that name file, line and column.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/csv.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "temporary.hpp"

namespace tapir::examples {
namespace {

using testing::message_of;
using testing::TemporaryDirectory;

std::string error(const std::string& text) {
  const TemporaryDirectory directory;
  const auto file = directory.write("f", text);
  const std::string message = message_of([&] { read_csv(file); }), prefix = directory.path().string() + "/";
  CHECK(message.starts_with(prefix));
  return message.substr(std::min(prefix.size(), message.size()));
}

TEST_CASE("csv: columns by name") {
  const TemporaryDirectory directory;
  const Columns table = read_csv(directory.write("f", "height,weight\n1.5,-2e3\n+3,4\n"));
  CHECK(table.names == std::vector<std::string>{"height", "weight"});
  CHECK(table.rows() == 2);
  CHECK(table["height"] == std::vector<double>{1.5, 3});
  CHECK(table["weight"] == std::vector<double>{-2000, 4});
  CHECK(message_of([&] { table["wieght"]; }) == "no column \"wieght\"; the columns are: height, weight");
}

TEST_CASE("csv: quotes, spaces, blank lines, Windows line ends and a byte order mark are understood") {
  const TemporaryDirectory directory;
  const Columns table =
      read_csv(directory.write("f", "\xEF\xBB\xBF\"a, \"\"b\"\"\" , c\r\n\r\n 1 , \"2\" \r\n3,4"));
  CHECK(table.names == std::vector<std::string>{"a, \"b\"", "c"});
  CHECK(table["c"] == std::vector<double>{2, 4});
}

TEST_CASE("csv: errors name line and column") {
  CHECK(error("a,age\n1,2\n3,abc\n") == "f:3: column \"age\": \"abc\" is not a finite number");
  CHECK(error("a,age\n\n3,2x\n") == "f:3: column \"age\": \"2x\" is not a finite number");
  CHECK(error("a\nnan\n") == "f:2: column \"a\": \"nan\" is not a finite number");
  CHECK(error("a\n1e999\n") == "f:2: column \"a\": \"1e999\" is not a finite number");
  CHECK(error("a,b\n1,\n") == "f:2: column \"b\" is empty");
  CHECK(error("a,b\n1,2\n1,2,3\n") == "f:3: 3 fields, but the header names 2 columns");
  CHECK(error("a,b,a\n1,2,3\n") == "f:1: two columns are named \"a\"");
  CHECK(error("a,,c\n1,2,3\n") == "f:1: column 2 has no name");
}

TEST_CASE("csv: files without a table are refused") {
  CHECK(error("") == "f: no header");
  CHECK(error("a,b\n\n") == "f: no rows below the header");
  CHECK(message_of([] { read_csv("/nowhere/f.csv"); }) ==
        "cannot read /nowhere/f.csv: No such file or directory");
  CHECK(message_of([] { read_csv("/tmp"); }) == "cannot read /tmp: Is a directory");
}

}  // namespace
}  // namespace tapir::examples
