// Metrics: each line is there as soon as it is written, in order, to the last bit.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/metrics.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "temporary.hpp"

namespace tapir::examples {
namespace {

TEST_CASE("metrics: one object per line, keys in order, at once") {
  const testing::TemporaryDirectory directory;
  const auto file = directory.write("m.jsonl", "from an earlier run\n");
  Metrics metrics(file);
  CHECK(testing::contents(file).empty());
  metrics.write({{"epoch", 1}, {"train_elbo", -151.25}, {"a", std::numeric_limits<double>::quiet_NaN()}});
  CHECK(testing::contents(file) == "{\"epoch\":1,\"train_elbo\":-151.25,\"a\":null}\n");
  metrics.write({{"epoch", 2}});
  CHECK(testing::contents(file).ends_with("}\n{\"epoch\":2}\n"));
}

TEST_CASE("metrics: numbers read back to the same bits") {
  const testing::TemporaryDirectory directory;
  const auto file = directory.path() / "m.jsonl";
  for (const double value : {-102.34999999999999, 1.0 / 3, 5e-324, -0.0}) {
    Metrics(file).write({{"x", value}});
    const double back = nlohmann::json::parse(testing::contents(file))["x"];
    CHECK(std::signbit(back) == std::signbit(value));
    CHECK(back == value);
  }
}

TEST_CASE("metrics: a file that cannot be written is an error at the start") {
  const testing::TemporaryDirectory directory;
  const auto file = directory.path() / "none" / "m.jsonl";
  CHECK(testing::message_of([&] { Metrics{file}; }) ==
        "cannot write " + file.string() + ": No such file or directory");
  CHECK(testing::message_of([&] { Metrics{directory.path()}; }) ==
        "cannot write " + directory.path().string() + ": Is a directory");
}

TEST_CASE("metrics: a full disk is an error when it is met") {
  Metrics metrics("/dev/full");
  CHECK(testing::message_of([&] {
          metrics.write({{"epoch", 1}});
        }) == "cannot write /dev/full: No space left on device");
}

TEST_CASE("metrics: without a file nothing happens") {
  Metrics metrics(std::nullopt);
  CHECK_NOTHROW(metrics.write({{"epoch", 1}}));
}

}  // namespace
}  // namespace tapir::examples
