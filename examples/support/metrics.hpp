// Metrics of a run as JSON lines.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include <nlohmann/json_fwd.hpp>

namespace tapir::examples {

/// Writes one JSON object per line, and each line at once, so that a run can be watched and a killed one is
/// not lost. The file is opened (and emptied) here, before any training; without a file, `write` does
/// nothing. Numbers are written so that they read back to the same bits; those that are not finite as null.
///
///   errors    "cannot write m.jsonl: No such file or directory"
///   example   Metrics metrics(options.metrics);
///             metrics.write({{"epoch", 1}, {"train_elbo", -151.2}});
class Metrics {
 public:
  explicit Metrics(const std::optional<std::filesystem::path>& file);

  void write(const nlohmann::ordered_json& line);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace tapir::examples
