// LawRow: what the suite needs to know of a law in order to test it in every facet.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <tapir/vi/distribution.hpp>

namespace tapir::vi::test {

/// The parameters of a law in the order of `each`, f64.
using Parameters = std::vector<Tensor>;

/// A law of scalars. The oracles know nothing of tapir: Boost.Math or closed forms, in long double.
struct LawRow {
  std::string name = {};
  std::function<Distribution(const std::vector<Var>&)> make = {};
  /// Points of the parameter space, extreme ones too. The first two are tame.
  std::vector<Parameters> cases = {};
  std::function<long double(const Parameters&, long double x)> log_prob = {};
  /// Continuous laws: the distribution function.
  std::function<long double(const Parameters&, long double x)> cdf = {};
  /// Where log_prob is compared: both tails. Discrete laws: the whole support, as far as it has mass.
  std::function<std::vector<double>(const Parameters&)> points = {};
  std::vector<double> outside = {};
  /// How far a parameter, or the value of a continuous law, moves until the log density is another one.
  std::function<long double(const Parameters&)> length = [](const Parameters&) { return 1.0L; };
  /// Continuous laws: all mass but 1e-12 lies between the first and the last; between neighbours, densities are smooth.
  std::function<std::vector<double>(const Parameters&)> panels = {};
};

/// All rows, in no order.
std::vector<LawRow>& law_rows();

/// Enters a row into the list: one constant in the test file of each law.
struct Listed {
  explicit Listed(LawRow row) { law_rows().push_back(std::move(row)); }
};

}  // namespace tapir::vi::test
