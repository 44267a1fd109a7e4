// What is regressed on what: standardised columns, from a file or drawn.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <tapir/autodiff/tensor/tensor.hpp>

namespace tapir::examples {

/// Predictors and response, each with mean 0 and standard deviation 1.
struct RegressionData {
  std::string origin;  // what to call the data
  std::string response;
  std::vector<std::string> predictors = {};
  Tensor x = {};                   // f64[rows, predictors]
  Tensor y = {};                   // f64[rows]
  double unit = 1.0;               // the standard deviation that the response had
  std::vector<double> truth = {};  // of drawn data: intercept, then slopes, in standardised units

  Index rows() const { return x.shape()[0]; }
};

/// A CSV file: `target`, or else its last column, is the response; all other columns are predictors.
///
///   errors  those of read_csv; "no column "wieght"; the columns are: height, weight"
///           "f.csv: one column; a regression needs a response and at least one predictor"
///           "f.csv: column "age" is constant", "f.csv: column "age" cannot be standardised: its spread is inf"
RegressionData read_regression(const std::filesystem::path& file, const std::optional<std::string>& target);

/// 100 rows of three predictors, of which the first two have a correlation of 0.95; noise of standard deviation 0.5.
RegressionData draw_regression(std::uint64_t seed);

}  // namespace tapir::examples
