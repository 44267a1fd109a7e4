// Rounds, repeats and medians.
// SPDX-License-Identifier: BSD-3-Clause
#include "contest.hpp"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <stdexcept>

namespace tapir::bench {
namespace {

double now(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

}  // namespace

double Contest::default_seconds = 0.5;

double cpu_seconds() { return now(CLOCK_PROCESS_CPUTIME_ID); }
double wall_seconds() { return now(CLOCK_MONOTONIC); }

void Contest::add_timed(std::string name, std::function<double(std::size_t)> seconds) {
  contestants_.push_back({std::move(name), std::move(seconds), 1, {}});
}

void Contest::run() {
  const double share = (options_.seconds > 0 ? options_.seconds : default_seconds) / options_.rounds;
  for (Contestant& c : contestants_) {
    (void)c.seconds(1);  // the first of all may prepare what the others find
    double one = c.seconds(1);
    while (one < 0.2 * share && c.repeats < (std::size_t{1} << 40)) {
      c.repeats *= 2;
      one = c.seconds(c.repeats);
    }
    const double scaled = static_cast<double>(c.repeats) * share / std::max(one, 1e-12);
    c.repeats = std::max<std::size_t>(1, static_cast<std::size_t>(scaled));
  }
  for (int round = 0; round < options_.rounds; ++round)
    for (std::size_t i = 0; i < contestants_.size(); ++i) {
      Contestant& c = contestants_[(i + static_cast<std::size_t>(round)) % contestants_.size()];
      c.times.push_back(c.seconds(c.repeats) / static_cast<double>(c.repeats));
    }
}

bool Contest::has(std::string_view name) const {
  return std::any_of(contestants_.begin(), contestants_.end(),
                     [&](const Contestant& c) { return c.name == name; });
}

const Contest::Contestant& Contest::find(std::string_view name) const {
  for (const Contestant& c : contestants_)
    if (c.name == name) return c;
  throw std::logic_error("no contestant " + std::string(name));
}

double Contest::seconds(std::string_view name) const { return median(find(name).times); }

double Contest::ratio(std::string_view name, std::string_view over) const {
  const Contestant& a = find(name);
  const Contestant& b = find(over);
  std::vector<double> ratios;
  for (std::size_t i = 0; i < a.times.size(); ++i) ratios.push_back(a.times[i] / b.times[i]);
  return median(std::move(ratios));
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double exponent(const std::vector<double>& x, const std::vector<double>& y) {
  const auto n = static_cast<double>(x.size());
  double sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double a = std::log(x[i]), b = std::log(y[i]);
    sx += a;
    sy += b;
    sxx += a * a;
    sxy += a * b;
  }
  return (n * sxy - sx * sy) / (n * sxx - sx * sx);
}

}  // namespace tapir::bench
