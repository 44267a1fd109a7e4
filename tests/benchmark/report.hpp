// Report: figures as tables on the terminal and as JSON lines. Figure: one that registers itself.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tapir::bench {

/// What a value is held against.
struct Target {
  double bound = 0.0;
  /// "<=" or ">="
  bool at_most = true;
};
inline Target at_most(double bound) { return {bound, true}; }
inline Target at_least(double bound) { return {bound, false}; }

class Report {
 public:
  explicit Report(const std::string& json_file);

  void title(std::string_view text) const;
  /// One figure. Without a value: it could not be measured, `note` says why.
  void add(const std::string& name, std::optional<double> value, const std::string& unit,
           std::optional<Target> target = {}, const std::string& note = {});
  void say(std::string_view text) const;

  bool compare = false;

 private:
  std::ofstream json_;
};

/// A figure: name, one line on it, and what measures it.
struct Figure {
  using Run = void (*)(Report&);
  std::string name;
  std::string about;
  Run run;

  Figure(std::string name, std::string about, Run run);
  static const std::vector<Figure>& all();
};

/// Ends the program with a message if the two differ by more than `tolerance` times the larger one.
void require_close(std::string_view what, double a, double b, double tolerance);
void require_close(std::string_view what, const std::vector<double>& a, const std::vector<double>& b,
                   double tolerance);

}  // namespace tapir::bench
