// Metrics of a run as JSON lines.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/metrics.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tapir::examples {
namespace {

[[noreturn]] void cannot_write(const std::filesystem::path& path) {
  throw std::runtime_error(fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
}

}  // namespace

Metrics::Metrics(const std::optional<std::filesystem::path>& file) {
  if (!file) return;
  path_ = *file;
  file_.reset(std::fopen(path_.c_str(), "w"));
  if (!file_) cannot_write(path_);
}

void Metrics::write(const nlohmann::ordered_json& line) {
  if (!file_) return;
  const std::string text = line.dump() + '\n';
  const bool written = std::fwrite(text.data(), 1, text.size(), file_.get()) == text.size();
  if (!written || std::fflush(file_.get()) != 0) cannot_write(path_);
}

}  // namespace tapir::examples
