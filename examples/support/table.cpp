// Aligned tables for the terminal.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/table.hpp"

#include <algorithm>
#include <cmath>
#include <ostream>
#include <stdexcept>

#include <fmt/format.h>

#include "support/text.hpp"

namespace tapir::examples {
namespace {

std::string line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
  std::string text;
  for (std::size_t column = 0; column < cells.size(); ++column) {
    const std::string padding(widths[column] - character_count(cells[column]), ' ');
    text += column == 0 ? cells[column] + padding : "  " + padding + cells[column];
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text + '\n';
}

}  // namespace

Table::Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }

Table& Table::add(std::vector<std::string> cells) {
  if (cells.size() != rows_[0].size()) {
    throw std::invalid_argument(
        fmt::format("[table] a row of {} cells in a table of {} columns", cells.size(), rows_[0].size()));
  }
  rows_.push_back(std::move(cells));
  return *this;
}

std::string Table::text() const {
  std::vector<std::size_t> widths(rows_[0].size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      widths[column] = std::max(widths[column], character_count(row[column]));
    }
  }
  std::string text = line(rows_[0], widths);
  std::vector<std::string> rule;
  for (const std::size_t each : widths) rule.emplace_back(each, '-');
  text += line(rule, widths);
  for (std::size_t row = 1; row < rows_.size(); ++row) text += line(rows_[row], widths);
  return text;
}

std::ostream& operator<<(std::ostream& out, const Table& table) { return out << table.text(); }

std::string number(double value, int decimals) {
  const double magnitude = std::abs(value);
  const bool vanishes = magnitude > 0 && magnitude < 0.5 * std::pow(10.0, -decimals);
  if (vanishes || (magnitude >= 1e7 && std::isfinite(value)))
    return fmt::format("{:.{}e}", value, std::min(decimals, 3));
  return fmt::format("{:.{}f}", value, decimals);
}

std::string fixed(double value, int decimals) {
  const bool vanishes = std::abs(value) < 0.5 * std::pow(10.0, -decimals);
  return fmt::format("{:.{}f}", vanishes ? 0.0 : value, decimals);
}

}  // namespace tapir::examples
