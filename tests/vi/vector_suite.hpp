// VectorRow: what the suite needs to know of a law of vectors or matrices in order to test it in every facet.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "law_suite.hpp"

namespace tapir::vi::test {

/// A function of a value whose distribution function is known.
struct Projection {
  std::function<double(const Parameters&, const Point& x)> value;
  std::function<long double(const Parameters&, double)> cdf;
};

/// A law whose values have axes. The oracles know nothing of tapir and compute in long double. Moments,
/// entropies, divergences and gradients of expectations are integrals of the oracle's density over the free
/// numbers of a value.
struct VectorRow {
  std::string name = {};
  std::function<Distribution(const std::vector<Var>&)> make = {};
  /// Points of the parameter space. The first two are tame, and of a size whose values have at most 3 free
  /// numbers.
  std::vector<Parameters> cases = {};
  /// Further ones where only log_prob is compared.
  std::vector<Parameters> extremes = {};
  std::function<long double(const Parameters&, const Point& x)> log_prob = {};
  /// Where log_prob is compared, from the middle to where densities vanish.
  std::function<std::vector<Point>(const Parameters&)> points = {};
  /// All values there are, where these are finitely many and the law does not list them.
  std::function<std::vector<Point>(const Parameters&)> values = {};
  /// Values of the first case that are not in the support.
  std::vector<Point> outside = {};
  /// By how many roundings the parameters' and the value's own move log_prob: 4 of them are allowed, where
  /// that is more than 1e-12 in f64 and 1e-5 in f32.
  std::function<double(const Parameters&, DType)> condition = [](const Parameters&, DType) { return 0.0; };
  std::vector<Projection> projections = {};
  /// Moments up to this order exist.
  std::function<double(const Parameters&)> moments = [](const Parameters&) { return 1e9; };
  /// Some parameters of one size, all that are possible.
  std::function<Parameters(std::mt19937_64&)> random = {};
};

/// All rows, in no order.
std::vector<VectorRow>& vector_rows();

/// Enters a row into the list: one constant in the test file of each law.
struct ListedVector {
  explicit ListedVector(VectorRow row) { vector_rows().push_back(std::move(row)); }
};

}  // namespace tapir::vi::test
