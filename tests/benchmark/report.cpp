// Printing figures, registering them, and checking that both sides compute the same.
// SPDX-License-Identifier: BSD-3-Clause
#include "report.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tapir::bench {
namespace {

std::vector<Figure>& figures() {
  static std::vector<Figure> all;
  return all;
}

}  // namespace

Report::Report(const std::string& json_file) {
  if (json_file.empty()) return;
  json_.open(json_file);
  if (!json_) throw std::runtime_error("cannot write " + json_file);
}

void Report::title(std::string_view text) const { fmt::print("\n{}\n", text); }
void Report::say(std::string_view text) const { fmt::print("  {}\n", text); }

void Report::add(const std::string& name, std::optional<double> value, const std::string& unit,
                 std::optional<Target> target, const std::string& note) {
  nlohmann::ordered_json line{
      {"name", name}, {"value", nullptr}, {"unit", unit}, {"target", nullptr}, {"met", nullptr}};
  std::string verdict;
  if (value) line["value"] = *value;
  if (target) {
    line["target"] = target->bound;
    verdict = fmt::format("{} {:<6.4g}", target->at_most ? "<=" : ">=", target->bound);
    if (value) {
      const bool met = target->at_most ? *value <= target->bound : *value >= target->bound;
      line["met"] = met;
      verdict += met ? "  met" : "  MISSED";
    }
  }
  fmt::print("  {:<66} {:>10} {:<9} {} {}\n", name, value ? fmt::format("{:.4g}", *value) : "-", unit,
             verdict, note);
  std::fflush(stdout);
  if (json_.is_open()) json_ << line.dump() << std::endl;
}

Figure::Figure(std::string n, std::string a, Run r) : name(std::move(n)), about(std::move(a)), run(r) {
  auto& all = figures();
  all.insert(std::upper_bound(all.begin(), all.end(), *this,
                              [](const Figure& x, const Figure& y) { return x.name < y.name; }),
             *this);
}

const std::vector<Figure>& Figure::all() { return figures(); }

void require_close(std::string_view what, double a, double b, double tolerance) {
  require_close(what, std::vector{a}, std::vector{b}, tolerance);
}

void require_close(std::string_view what, const std::vector<double>& a, const std::vector<double>& b,
                   double tolerance) {
  if (a.size() != b.size())
    throw std::runtime_error(fmt::format("{}: {} values and {}", what, a.size(), b.size()));
  double scale = 0.0, apart = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    scale = std::max({scale, std::abs(a[i]), std::abs(b[i])});
    apart = std::max(apart, std::abs(a[i] - b[i]));
  }
  if (!(apart <= tolerance * scale))
    throw std::runtime_error(fmt::format("{}: the two sides differ by {:.3g} of {:.3g}", what, apart, scale));
}

}  // namespace tapir::bench
