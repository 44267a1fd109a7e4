// A log density written with tapir's operations, against the same by hand.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "contest.hpp"
#include "hand/densities.hpp"
#include "program_of.hpp"
#include "report.hpp"

namespace tapir::bench {

/// One way to write the density.
struct Formulation {
  std::string name;  // "" for the only one
  Recordable log_density;
  std::optional<Target> over_hand = {};
  std::optional<Target> microseconds = {};
};

struct DensityCase {
  std::string name;
  std::vector<Tensor> at;
  std::vector<Formulation> formulations;
  /// The first is the one to reach.
  std::vector<std::pair<std::string, hand::Density>> by_hand;
  double tolerance = 1e-9;
  /// Also as ADVI, one draw and Adam, with the first formulation.
  bool advi = true;
  std::optional<Target> advi_microseconds = {};
};

/// Checks that all agree, and adds what they take.
void measure(Report& report, const DensityCase& density);

/// Standard normal numbers, the same each time.
Tensor numbers(const Shape& shape, std::string_view stream, double scale = 1.0);

}  // namespace tapir::bench
