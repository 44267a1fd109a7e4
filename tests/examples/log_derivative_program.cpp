// The program log_derivative: what the lecture claims, read off its tables, and bad input.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "program.hpp"

#ifdef TAPIR_PROGRAMS

namespace tapir::examples {
namespace {

using testing::Finished;
using testing::run_program;
using testing::TemporaryDirectory;

Finished run(const std::vector<std::string>& arguments) { return run_program("log_derivative", arguments); }

const Finished& short_run() {
  static const Finished finished = run({"--draws", "200", "--seed", "1"});
  return finished;
}

// The cells after `row`: log p where it is not the row's name, the variance, then ratios, each written "x 23.1".
std::vector<double> variances(const Finished& finished, const std::string& row) {
  std::vector<double> values;
  for (const std::string& cell : finished.cells_after(row))
    if (cell != "x") values.push_back(std::strtod(cell.c_str(), nullptr));
  return values;
}

// Seed 1, 2000 draws behind each mean. 12 + 6 x 3 z-scores of the normal law, all below 4.5 but once in 5000 seeds.
TEST_CASE("log_derivative: means agree with the exact integrals, a fixed sample gives zero") {
  REQUIRE(short_run().status == 0);
  for (const char* row : {"w_1 ", "w_2 ", "w_3 ", "w_4 ", "w_5 ", "w_6 "}) {
    CHECK(std::abs(short_run().number_after(row, 3)) < 4.5);
    CHECK(std::abs(short_run().number_after(row, 6)) < 4.5);
  }
  for (const char* row : {"m of image 1 ", "m of image 4 ", "m of image 7 ", "log s of image 1 ",
                          "log s of image 4 ", "log s of image 7 "}) {
    CHECK(std::abs(short_run().number_after(row, 0)) > 0.0);
    CHECK(short_run().cells_after(row).at(1) == "0.000");
    for (const std::size_t z : {3U, 5U, 6U}) CHECK(std::abs(short_run().number_after(row, z)) < 4.5);
  }
}

// 32 z-scores of the normal law per estimator. They are correlated, so the mean square is within 0.3 and 2.2 of 1 far
// more often than not: a chi-squared with only 16 degrees of freedom leaves it once in 200 for one estimator; the
// largest of 32 exceeds 4.5 once in 4600.
TEST_CASE("log_derivative: no baseline changes the mean") {
  for (const char* row :
       {"reparameterized ", "no baseline ", "constant ", "running mean ", "leave-one-out ", "learned "}) {
    CHECK(short_run().number_after(row, 0) == 32);
    const double root_mean_square = short_run().number_after(row, 1);
    CHECK(root_mean_square > 0.55);
    CHECK(root_mean_square < 1.5);
    CHECK(short_run().number_after(row, 2) < 4.5);
  }
}

// Variances of 200 draws x 8 images x 100 latents: within a few percent.
TEST_CASE(
    "log_derivative: the variance grows with the dimension, and not that of the reparameterized gradient") {
  const auto few = variances(short_run(), "10 "), many = variances(short_run(), "100 ");
  REQUIRE(few.size() == 7);  // log p, then the estimators
  REQUIRE(many.size() == 7);
  CHECK(many[1] < 1.2 * few[1]);
  CHECK(many[1] > few[1] / 1.2);
  CHECK(many[2] > 70 * few[2]);  // no baseline: as the square of log p
  CHECK(many[6] > 6 * few[6]);   // learned: as the number of latent variables
  CHECK(many[6] < 15 * few[6]);
  for (std::size_t baseline = 3; baseline < 7; ++baseline) CHECK(many[baseline] < many[2] / 100);
  CHECK(many[6] < many[3] / 2);  // images differ in log p: one number for all is not enough
}

// With c = log p(x|t) nearly constant, the estimate is c (t - m) / s^2: variance c^2 / s^2, s = 1/2.
// 200 draws x 8 images x 2 latents: a relative standard error of 2.5 %, five of them fail once in 1.7 million seeds.
TEST_CASE("log_derivative: like -1000000") {
  const auto values = variances(short_run(), "-1000008.5 ");
  REQUIRE(values.size() == 5);
  CHECK(std::abs(values[0] * values[1] / 4e12 - 1) < 0.13);
  for (std::size_t baseline = 2; baseline < 5; ++baseline) CHECK(values[baseline] < 100);
}

TEST_CASE("log_derivative: the output is a function of the seed, and --out adds a plot") {
  const TemporaryDirectory directory;
  const std::string out = (directory.path() / "plots").string();
  const Finished again =
      run_program("log_derivative", {"--draws", "200", "--seed", "1", "--out", out}, "TAPIR_THREADS=2");
  CHECK(again.status == 0);
  const std::string note = "\n   The plot is in " + out + "/variance.svg.\n";
  std::string text = again.out;
  const auto at = text.find(note);
  REQUIRE(at != std::string::npos);
  CHECK(text.erase(at, note.size()) == short_run().out);
  const std::string plot = testing::contents(directory.path() / "plots" / "variance.svg");
  CHECK(plot.starts_with("<svg"));
  CHECK(plot.find("learned") != std::string::npos);
}

TEST_CASE("log_derivative: bad options get one line, before anything is computed") {
  const auto error = [](const std::vector<std::string>& arguments, int status) {
    const Finished finished = run(arguments);
    CHECK(finished.status == status);
    CHECK(finished.out.empty());
    return finished.error;
  };
  CHECK(error({"--draws", "99"}, 2) ==
        "log_derivative: --draws is 99: it must be an integer of at least 100\n");
  CHECK(error({"--draws", "many"}, 2) ==
        "log_derivative: --draws is many: it must be an integer of at least 100\n");
  CHECK(error({"--seed", "-1"}, 2) ==
        "log_derivative: --seed is -1: it must be an integer from 0 to 18446744073709551615\n");
  CHECK(error({"--draw", "200"}, 2) ==
        "log_derivative: unknown option --draw (is --draws meant?); --help lists the options\n");
  CHECK(error({"--out", "/dev/null/plots"}, 1) ==
        "log_derivative: cannot create the directory /dev/null/plots: Not a directory\n");
  CHECK(run({"--help"}).status == 0);
}

}  // namespace
}  // namespace tapir::examples

#endif
