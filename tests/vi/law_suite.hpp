// LawRow: what the suite needs to know of a law in order to test it in every facet.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <random>
#include <string>
#include <vector>

#include <tapir/vi/distribution.hpp>

namespace tapir::vi::test {

/// The parameters of a law in the order of `each`, f64.
using Parameters = std::vector<Tensor>;

/// The elements of one value, row by row.
using Point = std::vector<long double>;

/// A law of scalars. The oracles know nothing of tapir: Boost.Math or closed forms, in long double.
struct LawRow {
  std::string name = {};
  std::function<Distribution(const std::vector<Var>&)> make = {};
  /// Points of the parameter space. The first two are tame.
  std::vector<Parameters> cases = {};
  /// Further ones where only log_prob and cdf are compared: draws and integrals leave the range of f64 there.
  std::vector<Parameters> extremes = {};
  /// Further ones whose density is infinite at an end of the support, much of the mass nearer to it than numbers
  /// come: there gradients of expectations are compared, of functions that are 0 at the ends.
  std::vector<Parameters> singular = {};
  std::function<long double(const Parameters&, long double x)> log_prob = {};
  /// The distribution function. Discrete laws may leave it out.
  std::function<long double(const Parameters&, long double x)> cdf = {};
  /// cdf is known to 1e-12 of itself, or of this if it is smaller: a difference of probabilities of this size.
  double cdf_unit = 0;
  /// Where log_prob is compared: both tails. Discrete laws: the whole support, as far as it has mass.
  std::function<std::vector<double>(const Parameters&)> points = {};
  std::vector<double> outside = {};
  /// How far a parameter, or the value of a continuous law, moves until the log density is another one. A
  /// positive
  /// parameter never moves further than by its own size.
  std::function<long double(const Parameters&)> length = [](const Parameters&) { return 1.0L; };
  /// Continuous laws: the ends of the support, and where between them the density is not smooth; one is
  /// finite.
  std::function<std::vector<double>(const Parameters&)> breaks = {};
  /// Values that have a probability, where all others have a density.
  std::function<std::vector<double>(const Parameters&)> atoms = [](const Parameters&) {
    return std::vector<double>{};
  };
  /// Moments up to this order exist.
  std::function<double(const Parameters&)> moments = [](const Parameters&) { return 1e9; };
  /// Some parameters, all that are possible: one number for all elements of each, or one for each element. Drawn
  /// from their supports where these are constants.
  std::function<std::vector<double>(std::mt19937_64&)> random = {};
  /// A draw moves with the parameters such that the probability of less stays: its gradient is known from the draw
  /// alone. Not so where a draw is made of several: its gradient is right in the mean, which is tested for all laws.
  bool one_number = true;
  /// What `mean` and `variance` are, where not the mean of the value and of its squared distance from that: laws of
  /// angles. The variance is the expectation of `deviation`.
  std::function<long double(const Parameters&)> mean = {};
  std::function<long double(const Parameters&, long double x)> deviation = {};
};

/// All rows, in no order.
std::vector<LawRow>& law_rows();

/// Enters a row into the list: one constant in the test file of each law.
struct Listed {
  explicit Listed(LawRow row) { law_rows().push_back(std::move(row)); }
};

/// Parameters that are scalars.
inline Parameters scalars(std::initializer_list<double> values) {
  Parameters result;
  for (double value : values) result.emplace_back(value);
  return result;
}

/// loc + scale * score for each score, where these are a law's first two parameters.
inline std::vector<double> at_scores(const Parameters& p, std::initializer_list<double> scores) {
  std::vector<double> x;
  for (double score : scores) x.push_back(p[0].item() + p[1].item() * score);
  return x;
}

}  // namespace tapir::vi::test
