// Reading numbers from CSV files.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/csv.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include <fmt/format.h>

#include "support/text.hpp"

namespace tapir::examples {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r";
  const auto first = text.find_first_not_of(blank);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// Fields between commas; commas within double quotes do not count, doubled quotes stand for one.
std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool doubled = quoted && line[i] == '"' && i + 1 < line.size() && line[i + 1] == '"';
    if (doubled) {
      fields.back() += line[++i];
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (line[i] == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += line[i];
    }
  }
  for (std::string& field : fields) field = trimmed(field);
  return fields;
}

/// The lines of a file that are not blank, and errors that name the place.
class LineReader {
 public:
  explicit LineReader(const std::filesystem::path& path) : path_(path.string()), stream_(path) {
    if (!stream_) throw std::runtime_error(fmt::format("cannot read {}: {}", path_, std::strerror(errno)));
  }

  bool next(std::string& line) {
    while (std::getline(stream_, line)) {
      if (++number_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
      if (!trimmed(line).empty()) return true;
    }
    if (stream_.bad())
      throw std::runtime_error(fmt::format("cannot read {}: {}", path_, std::strerror(errno)));
    return false;
  }

  [[noreturn]] void fail(std::string_view what) const {
    throw std::runtime_error(fmt::format("{}:{}: {}", path_, number_, what));
  }
  [[noreturn]] void fail_whole(std::string_view what) const {
    throw std::runtime_error(fmt::format("{}: {}", path_, what));
  }

 private:
  std::string path_;
  std::ifstream stream_;
  std::size_t number_ = 0;
};

double parse(std::string_view field, const std::string& column, const LineReader& reader) {
  if (field.empty()) reader.fail(fmt::format("column \"{}\" is empty", column));
  const std::string_view digits = field.starts_with('+') ? field.substr(1) : field;
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size() || !std::isfinite(value)) {
    reader.fail(fmt::format("column \"{}\": \"{}\" is not a finite number", column, field));
  }
  return value;
}

std::vector<std::string> read_names(LineReader& reader) {
  std::string line;
  if (!reader.next(line)) reader.fail_whole("no header");
  std::vector<std::string> names = fields_of(line);
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (name->empty()) reader.fail(fmt::format("column {} has no name", name - names.begin() + 1));
    if (std::find(names.begin(), name, *name) != name)
      reader.fail(fmt::format("two columns are named \"{}\"", *name));
  }
  return names;
}

}  // namespace

const std::vector<double>& Columns::operator[](std::string_view name) const {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    throw std::invalid_argument(fmt::format("no column \"{}\"; the columns are: {}", name, joined(names)));
  }
  return values[static_cast<std::size_t>(found - names.begin())];
}

Columns read_csv(const std::filesystem::path& file) {
  LineReader reader(file);
  Columns table;
  table.names = read_names(reader);
  table.values.resize(table.names.size());
  std::string line;
  while (reader.next(line)) {
    const std::vector<std::string> fields = fields_of(line);
    if (fields.size() != table.names.size()) {
      reader.fail(
          fmt::format("{} fields, but the header names {} columns", fields.size(), table.names.size()));
    }
    for (std::size_t i = 0; i < fields.size(); ++i) {
      table.values[i].push_back(parse(fields[i], table.names[i], reader));
    }
  }
  if (table.rows() == 0) reader.fail_whole("no rows below the header");
  return table;
}

}  // namespace tapir::examples
