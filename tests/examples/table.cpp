// Tables: columns line up.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/table.hpp"

#include <limits>
#include <sstream>

#include <doctest/doctest.h>

#include "temporary.hpp"

namespace tapir::examples {
namespace {

TEST_CASE("table: names to the left, numbers to the right, by characters and not by bytes") {
  Table table({"weight", "tapir", "exact"});
  table.add({"intercept", "-0.51", "-0.5099"}).add({"σ²", "1.2", ""});
  std::ostringstream out;
  out << table;
  CHECK(out.str() == "weight     tapir    exact\n"
                     "---------  -----  -------\n"
                     "intercept  -0.51  -0.5099\n"
                     "σ²           1.2\n");
}

TEST_CASE("table: a row of another length is refused") {
  Table table({"a", "b"});
  CHECK(testing::message_of([&] { table.add({"x"}); }) == "[table] a row of 1 cells in a table of 2 columns");
}

TEST_CASE("number: fixed decimals while they say something") {
  CHECK(number(1.0 / 3) == "0.333");
  CHECK(number(-2, 1) == "-2.0");
  CHECK(number(0) == "0.000");
  CHECK(number(1.25e-7) == "1.250e-07");
  CHECK(number(123456789) == "1.235e+08");
  CHECK(number(std::numeric_limits<double>::quiet_NaN()) == "nan");
  CHECK(number(-std::numeric_limits<double>::infinity()) == "-inf");
}

TEST_CASE("fixed: a number of decimals, come what may") {
  CHECK(fixed(1.0 / 3) == "0.333");
  CHECK(fixed(-1e-16) == "0.000");
  CHECK(fixed(-0.0004999, 3) == "0.000");
  CHECK(fixed(-0.0006) == "-0.001");
  CHECK(fixed(1e9, 1) == "1000000000.0");
  CHECK(fixed(std::numeric_limits<double>::quiet_NaN()) == "nan");
}

}  // namespace
}  // namespace tapir::examples
