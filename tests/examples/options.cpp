// Command lines: good ones are read, every bad one gets one line and status 2.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/options.hpp"

#include <new>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace tapir::examples {
namespace {

struct Settings {
  std::size_t epochs = 10;
  int latent = 20;
  std::uint64_t seed = 0;
  double learning_rate = 1e-3, kl_weight = 1;
  std::string estimator = "pathwise";
  std::optional<std::filesystem::path> out = {};
  std::optional<std::string> target = {};
  bool quiet = false;
};

Settings read(std::vector<const char*> arguments) {
  Settings settings;
  Options options("A program for tests.");
  options.count("--epochs", settings.epochs, "passes over the data")
      .count("--latent", settings.latent, "dimensions", 2)
      .seed("--seed", settings.seed, "of everything random")
      .positive("--learning-rate", settings.learning_rate, "of Adam")
      .non_negative("--kl-weight", settings.kl_weight, "of the KL term")
      .choice("--estimator", settings.estimator, {"pathwise", "score"}, "of the gradient")
      .path("--out", settings.out, "DIR", "where pictures go")
      .text("--target", settings.target, "NAME", "column")
      .flag("--quiet", settings.quiet, "say less");
  arguments.insert(arguments.begin(), "/usr/bin/program");
  options.parse(static_cast<int>(arguments.size()), arguments.data());
  return settings;
}

std::string error(const std::vector<const char*>& arguments) {
  try {
    read(arguments);
  } catch (const UsageError& refused) {
    return refused.what();
  }
  return "nothing was thrown";
}

TEST_CASE("options: what is given is read, what is not keeps its default") {
  const Settings settings =
      read({"--epochs", "3", "--learning-rate=5e-4", "--estimator", "score", "--out", "a/b", "--target",
            "my age", "--quiet", "--seed", "18446744073709551615", "--kl-weight", "0"});
  CHECK(settings.epochs == 3);
  CHECK(settings.learning_rate == 5e-4);
  CHECK(settings.estimator == "score");
  CHECK(settings.out == std::filesystem::path("a/b"));
  CHECK(settings.target == "my age");
  CHECK(settings.quiet);
  CHECK(settings.seed == 18446744073709551615U);
  CHECK(settings.kl_weight == 0);
  CHECK(settings.latent == 20);
  CHECK(!read({}).out);
}

TEST_CASE("options: a count is an integer that is large enough and fits") {
  for (const char* bad : {"0", "-3", "1.5", "1e3", "nan", "ten", "0x10", " 3", "3 "}) {
    CHECK(error({"--epochs", bad}) ==
          std::string("--epochs is ") + bad + ": it must be an integer of at least 1");
  }
  CHECK(error({"--epochs", ""}) == "--epochs is empty: it must be an integer of at least 1");
  CHECK(error({"--latent", "1"}) == "--latent is 1: it must be an integer of at least 2");
  CHECK(error({"--latent", "2147483648"}) ==
        "--latent is 2147483648: it must be an integer of at most 2147483647");
  CHECK(error({"--seed", "-1"}) == "--seed is -1: it must be an integer from 0 to 18446744073709551615");
}

TEST_CASE("options: a positive number is finite and above zero") {
  for (const char* bad : {"0", "-1", "nan", "inf", "-inf", "1e999", "1e-999", "fast", "1,5"}) {
    CHECK(error({"--learning-rate", bad}) ==
          std::string("--learning-rate is ") + bad + ": it must be a finite number above 0");
  }
  CHECK(error({"--kl-weight", "-0.1"}) == "--kl-weight is -0.1: it must be a finite number of at least 0");
}

TEST_CASE("options: everything else that can be wrong has its line too") {
  CHECK(error({"--estimator", "scor"}) == "--estimator is scor: it must be one of pathwise, score");
  CHECK(error({"--out", ""}) == "--out is empty: it must be a path");
  CHECK(error({"--target", ""}) == "--target is empty: it must be a name");
  CHECK(error({"--epochs"}) == "--epochs needs a value");
  CHECK(error({"--epochs", "1", "--epochs", "2"}) == "--epochs is given twice");
  CHECK(error({"--epoch", "3"}) == "unknown option --epoch (is --epochs meant?); --help lists the options");
  CHECK(error({"--frobnicate=3"}) == "unknown option --frobnicate; --help lists the options");
  CHECK(error({"-e", "3"}) == "unknown option -e; --help lists the options");
  CHECK(error({"mnist"}) == "unexpected argument mnist; --help lists the options");
  CHECK(error({"--quiet=3"}) == "--quiet takes no value");
}

TEST_CASE("run_main: the exit status tells a bad command line from a failure") {
  const char* const arguments[] = {"./program"};
  const auto status = [&](const std::function<int()>& body) {
    return run_main(1, arguments, [&](int, const char* const*) { return body(); });
  };
  CHECK(status([] { return 0; }) == 0);
  CHECK(status([] { return 7; }) == 7);
  CHECK(status([]() -> int { throw HelpShown{}; }) == 0);
  CHECK(status([]() -> int { throw UsageError("(this line is from a test)"); }) == 2);
  CHECK(status([]() -> int { throw std::runtime_error("(this line\nis from a test)"); }) == 1);
  CHECK(status([]() -> int { throw std::bad_alloc(); }) == 1);
  CHECK(status([]() -> int { throw 3; }) == 1);
}

}  // namespace
}  // namespace tapir::examples
