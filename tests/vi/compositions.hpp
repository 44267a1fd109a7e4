// Compositions: all vectors of counts of one sum, and a test of laws of them.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>

#include <boost/math/distributions/chi_squared.hpp>

#include "vector_case.hpp"

namespace tapir::vi::test {

/// All vectors of `size` counts that sum to `total`.
inline std::vector<Point> compositions(int total, int size) {
  if (size == 1) return {{static_cast<long double>(total)}};
  std::vector<Point> all;
  for (int first = 0; first <= total; ++first)
    for (Point rest : compositions(total - first, size - 1)) {
      rest.insert(rest.begin(), first);
      all.push_back(std::move(rest));
    }
  return all;
}

inline std::vector<Point> all_counts(double total, Index size) {
  return compositions(static_cast<int>(total), static_cast<int>(size));
}

/// Every kind alone, all evenly, and mixtures of both.
inline std::vector<Point> some_counts(double total, Index size) {
  const auto n = static_cast<std::size_t>(size);
  std::vector<Point> points;
  for (std::size_t k = 0; k < n; ++k)
    for (const double share : {1.0, 0.6, 0.1}) {
      Point x(n);
      x[k] = std::floor(share * total);
      x[(k + 1) % n] = total - static_cast<double>(x[k]);
      points.push_back(x);
      const double third = std::floor(static_cast<double>(x[k]) / 3);
      x[k] -= third, x[(k + n - 1) % n] += third;
      points.push_back(x);
    }
  return points;
}

/// What is no vector of three counts of this sum.
inline std::vector<Point> no_counts_of(long double total) {
  return {{total, 1, 0},        {total - 1, 0.5, 0.5}, {-1, total, 1},
          {total, HUGE_VAL, 0}, {total - 1, 0, 0},     {total, -1, 1}};
}

/// Draws of a law of counts by chi-square over all values: a false alarm in 10^6 seeds.
inline void check_draws_of_counts(const Distribution& law, int total, int size) {
  constexpr Index n = 20000;
  const auto points = compositions(total, size);
  const auto draws = points_of(law.sample(Key(9), {n}).tensor());
  std::map<Point, double> seen;
  for (const Point& draw : draws) ++seen[draw];
  double counted = 0, statistic = 0, rare = 0, rare_seen = 0;
  int bins = 0;
  for (const Point& point : points) {
    const std::vector<double> x(point.begin(), point.end());
    const double expected = n * std::exp(law.log_prob(column(x)).item()), count = seen[point];
    counted += count;
    if (expected >= 10)
      statistic += (count - expected) * (count - expected) / expected, ++bins;
    else
      rare += expected, rare_seen += count;
  }
  if (rare >= 10) statistic += (rare_seen - rare) * (rare_seen - rare) / rare, ++bins;
  CHECK(counted == n);
  if (bins > 1)
    CHECK(boost::math::cdf(boost::math::complement(boost::math::chi_squared(bins - 1), statistic)) > 1e-6);
}

}  // namespace tapir::vi::test
