// Compositions: all vectors of counts of one sum, and tests of laws of them.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>

#include <boost/math/distributions/chi_squared.hpp>

#include <tapir/vi/distribution.hpp>

#include "recorded_run.hpp"

namespace tapir::vi::test {

/// All vectors of `size` counts that sum to `total`.
inline std::vector<std::vector<double>> compositions(int total, int size) {
  if (size == 1) return {{static_cast<double>(total)}};
  std::vector<std::vector<double>> all;
  for (int first = 0; first <= total; ++first)
    for (std::vector<double> rest : compositions(total - first, size - 1)) {
      rest.insert(rest.begin(), first);
      all.push_back(std::move(rest));
    }
  return all;
}

inline Tensor rows_of(const std::vector<std::vector<double>>& points) {
  std::vector<double> all;
  for (const auto& point : points) all.insert(all.end(), point.begin(), point.end());
  return {Shape{static_cast<Index>(points.size()), static_cast<Index>(points[0].size())},
          std::span<const double>(all)};
}

/// Probabilities that sum to 1, their moments, and draws that have them: chi-square, a false alarm in 10^6
/// seeds.
inline void check_law_of_counts(const Distribution& law, int total, int size) {
  constexpr Index n = 20000;
  const auto points = compositions(total, size);
  const auto log_p = numbers(law.log_prob(rows_of(points)));
  std::map<std::vector<double>, double> seen;
  const auto draws = numbers(law.sample(Key(9), {n}));
  const auto width = static_cast<std::size_t>(size);
  for (std::size_t i = 0; i < draws.size(); i += width)
    ++seen[std::vector<double>(draws.begin() + static_cast<std::ptrdiff_t>(i),
                               draws.begin() + static_cast<std::ptrdiff_t>(i + width))];
  double mass = 0, counted = 0, statistic = 0, rare = 0, rare_seen = 0;
  std::vector<double> mean(width), square(width);
  int bins = 0;
  for (std::size_t j = 0; j < points.size(); ++j) {
    const double p = std::exp(log_p[j]), expected = n * p, count = seen[points[j]];
    mass += p, counted += count;
    for (std::size_t i = 0; i < width; ++i)
      mean[i] += p * points[j][i], square[i] += p * points[j][i] * points[j][i];
    if (expected >= 10)
      statistic += (count - expected) * (count - expected) / expected, ++bins;
    else
      rare += expected, rare_seen += count;
  }
  if (rare >= 10) statistic += (rare_seen - rare) * (rare_seen - rare) / rare, ++bins;
  CHECK(near(mass, 1, 1e-12));
  CHECK(counted == n);
  if (bins > 1)
    CHECK(boost::math::cdf(boost::math::complement(boost::math::chi_squared(bins - 1), statistic)) > 1e-6);
  for (std::size_t i = 0; i < width; ++i) {
    CHECK(near(numbers(*law.mean())[i], mean[i], 1e-12));
    CHECK(near(numbers(*law.variance())[i], square[i] - mean[i] * mean[i], 1e-11));
  }
}

/// What is no vector of counts, of this sum of three: -inf, and no NaN in a gradient.
inline Tensor no_counts_of(double total) {
  return rows_of({{total, 1, 0},
                  {total - 1, 0.5, 0.5},
                  {-1, total, 1},
                  {total, HUGE_VAL, 0},
                  {total - 1, 0, 0},
                  {total, -1, 1}});
}

}  // namespace tapir::vi::test
