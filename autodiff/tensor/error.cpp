// Error texts.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/tensor/error.hpp>

namespace tapir {

std::string Where::str() const {
  if (!file) return {};
  std::string_view path = file;
  const auto slash = path.find_last_of('/');
  if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  return std::string(path) + ":" + std::to_string(line);
}

namespace {

std::string compose(std::string_view op, std::string_view message, Where where) {
  std::string text = "[" + std::string(op) + "] " + std::string(message);
  if (where) text += " (at " + where.str() + ")";
  return text;
}

}  // namespace

Error::Error(std::string_view op, std::string_view message, Where where)
    : std::invalid_argument(compose(op, message, where)), op_(op), message_(message), where_(where) {}

}  // namespace tapir
