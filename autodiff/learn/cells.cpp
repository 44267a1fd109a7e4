// Checking and assigning values of named cells.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/learn/cells.hpp>

#include <algorithm>

namespace tapir {

void check_values(const Cells& cells, const std::map<std::string, Tensor>& values, std::string_view whose,
                  Where where) {
  std::vector<std::string> wrong;
  for (const auto& cell : cells) {
    const auto value = values.find(cell->path);
    if (value == values.end())
      wrong.push_back("\"" + cell->path + "\" is missing");
    else if (value->second.type() != cell->value.type())
      wrong.push_back("\"" + cell->path + "\" is " + cell->value.type().str() + ", the value " +
                      value->second.type().str());
  }
  for (const auto& [path, value] : values)
    if (std::none_of(cells.begin(), cells.end(), [&](const auto& cell) { return cell->path == path; }))
      wrong.push_back("\"" + path + "\" is unknown");
  if (wrong.empty()) return;
  constexpr std::size_t most = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, wrong.size()); ++i) text += (i ? "; " : "") + wrong[i];
  if (wrong.size() > most) text += "; and " + std::to_string(wrong.size() - most) + " more";
  throw Error("assign", "these are not the values of " + std::string(whose) + ": " + text, where);
}

void assign_values(const Cells& cells, const std::map<std::string, Tensor>& values, std::string_view whose,
                   Where where) {
  check_values(cells, values, whose, where);
  for (const auto& cell : cells) cell->value = values.at(cell->path);
}

std::map<std::string, Tensor> values_of(const Cells& cells) {
  std::map<std::string, Tensor> values;
  for (const auto& cell : cells) values.emplace(cell->path, cell->value);
  return values;
}

std::vector<std::string> paths_of(const Cells& cells) {
  std::vector<std::string> paths;
  for (const auto& cell : cells) paths.push_back(cell->path);
  return paths;
}

std::string listed(const std::vector<std::string>& names) {
  if (names.empty()) return "none";
  constexpr std::size_t most = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, names.size()); ++i) text += (i ? ", " : "") + names[i];
  if (names.size() > most) text += ", .. (" + std::to_string(names.size()) + " in all)";
  return text;
}

bool lies_below(std::string_view path, std::string_view prefix) {
  if (prefix.empty() || path == prefix) return true;
  return path.size() > prefix.size() && path.substr(0, prefix.size()) == prefix && path[prefix.size()] == '/';
}

}  // namespace tapir
