// Reading, drawing and standardising the data of a regression.
// SPDX-License-Identifier: BSD-3-Clause
#include "regression/data.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <fmt/format.h>
#include <tapir/autodiff/ops/ops.hpp>

#include "support/csv.hpp"

namespace tapir::examples {
namespace {

struct Unit {
  double mean, spread;
};

Unit unit_of(const Var& column) { return {mean(column).item(), sqrt(var(column)).item()}; }

Var standardised(const Var& column, const Unit& unit) { return (column - unit.mean) / unit.spread; }

Var checked_column(const Columns& table, const std::string& name, const std::string& file, Unit& unit) {
  const std::vector<double>& values = table[name];
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  if (*least == *most) throw std::invalid_argument(fmt::format("{}: column \"{}\" is constant", file, name));
  const Var column = Tensor({static_cast<Index>(values.size())}, std::span<const double>(values));
  unit = unit_of(column);
  if (!(unit.spread > 0 && std::isfinite(unit.spread)))
    throw std::invalid_argument(
        fmt::format("{}: column \"{}\" cannot be standardised: its spread is {}", file, name, unit.spread));
  return standardised(column, unit);
}

}  // namespace

RegressionData read_regression(const std::filesystem::path& file, const std::optional<std::string>& target) {
  const Columns table = read_csv(file);
  if (table.names.size() < 2)
    throw std::invalid_argument(fmt::format(
        "{}: one column; a regression needs a response and at least one predictor", file.string()));
  RegressionData data{.origin = file.string(), .response = target.value_or(table.names.back())};
  Unit unit{};
  data.y = checked_column(table, data.response, file.string(), unit).tensor();
  data.unit = unit.spread;
  std::vector<Var> columns;
  for (const std::string& name : table.names) {
    if (name == data.response) continue;
    data.predictors.push_back(name);
    columns.push_back(checked_column(table, name, file.string(), unit));
  }
  data.x = stack(columns, 1).tensor();
  return data;
}

RegressionData draw_regression(std::uint64_t seed) {
  constexpr Index rows = 100;
  constexpr double intercept = 1.5, correlation = 0.95, noise = 0.5;
  const std::vector<double> slopes = {2.0, -1.0, 0.5};
  const Key key(static_cast<Index>(seed));
  const auto draw = [&](const char* name) { return normal(key / name, {rows}); };

  const Var first = draw("x1");
  const Var second = correlation * first + std::sqrt(1 - correlation * correlation) * draw("x2");
  const std::vector<Var> predictors = {first, second, draw("x3")};
  Var response = intercept + noise * draw("noise");
  for (std::size_t j = 0; j < slopes.size(); ++j) response = response + slopes[j] * predictors[j];

  const Unit unit = unit_of(response);
  RegressionData data{.origin = fmt::format("drawn from seed {}", seed),
                      .response = "y",
                      .predictors = {"x1", "x2", "x3"},
                      .y = standardised(response, unit).tensor(),
                      .unit = unit.spread,
                      .truth = {(intercept - unit.mean) / unit.spread}};
  std::vector<Var> columns;
  for (std::size_t j = 0; j < slopes.size(); ++j) {
    const Unit of = unit_of(predictors[j]);
    columns.push_back(standardised(predictors[j], of));
    data.truth.push_back(slopes[j] * of.spread / unit.spread);
    data.truth[0] += slopes[j] * of.mean / unit.spread;
  }
  data.x = stack(columns, 1).tensor();
  return data;
}

}  // namespace tapir::examples
