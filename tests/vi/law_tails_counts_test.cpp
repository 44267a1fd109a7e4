// The suite: log_cdf, log_sf, icdf and isf, of every law of counts that has tails.
// SPDX-License-Identifier: BSD-3-Clause
#include "law_case.hpp"

namespace tapir::vi::test {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

template <class F>
void for_each_case_of_counts(const F& f) {
  for_each_case([&](const Case& c) {
    if (c.law().has_tails() && c.is_discrete()) f(c);
  });
}

// The logarithm of the oracle's probability of the points from `first` up to `last`.
long double log_sum(const Case& c, const std::vector<double>& points, std::size_t first, std::size_t last) {
  long double most = -infinity, total = 0;
  for (std::size_t i = first; i < last; ++i) most = std::max(most, c.log_prob(points[i]));
  if (most == -infinity) return most;
  for (std::size_t i = first; i < last; ++i) total += std::exp(c.log_prob(points[i]) - most);
  return most + std::log(total);
}

}  // namespace

// The points end where the oracle has no mass to speak of: what is beyond is not missed where it is 1e-12 of the sum.
TEST_CASE(
    "every law of counts with tails: log_cdf and log_sf are the oracle's sums to 1e-9, however far out") {
  int laws = 0;
  for_each_case_of_counts([&](const Case& c) {
    ++laws;
    const auto points = c.row.points(c.parameters);
    const auto below = numbers(*c.law().log_cdf(c.values(points)));
    const auto above = numbers(*c.law().log_sf(c.values(points)));
    const long double first = c.log_prob(points.front()), last = c.log_prob(points.back());
    const bool from_start = c.law().log_cdf(Tensor(points.front() - 1))->item() == -infinity;
    const bool to_end = c.law().log_sf(Tensor(points.back()))->item() == -infinity;
    for (std::size_t i = 0; i < points.size(); i += 1 + points.size() / 60) {
      CAPTURE(points[i]);
      CAPTURE(below[i]);
      CAPTURE(above[i]);
      const long double log_f = log_sum(c, points, 0, i + 1),
                        log_s = log_sum(c, points, i + 1, points.size());
      CAPTURE(static_cast<double>(log_f));
      CAPTURE(static_cast<double>(log_s));
      if (log_f < log_s ? from_start || first < log_f - 35 : to_end || last < log_s - 35) {
        CHECK(near(below[i], log_f < log_s ? log_f : std::log1p(-std::exp(log_s)), 1e-9));
        CHECK(near(above[i], log_s < log_f ? log_s : std::log1p(-std::exp(log_f)), 1e-9));
      }
    }
  });
  CHECK(laws >= 20);
}

TEST_CASE("every law of counts with tails: between counts and outside, both are those of the count below") {
  for_each_case_of_counts([](const Case& c) {
    const Distribution law = c.law();
    const auto points = c.row.points(c.parameters);
    const double x = points[points.size() / 2];
    CHECK(law.log_cdf(Tensor(x + 0.5))->item() == law.log_cdf(Tensor(x))->item());
    CHECK(law.log_sf(Tensor(x + 0.5))->item() == law.log_sf(Tensor(x))->item());
    CHECK(law.log_cdf(Tensor(-1.0))->item() == -infinity);
    CHECK(law.log_sf(Tensor(-1.0))->item() == 0);
    CHECK(law.log_cdf(Tensor(infinity))->item() == 0);
    CHECK(law.log_sf(Tensor(infinity))->item() == -infinity);
    CHECK(std::isnan(law.log_sf(Tensor(std::nan("")))->item()));
  });
}

TEST_CASE("every law of counts with tails: icdf and isf are the least counts of a level, down to 1e-200") {
  for (DType dtype : {f64, f32})
    for_each_case_of_counts([&](const Case& given) {
      const Case c{given.row, rounded(given.parameters, dtype)};
      for (double level : {1e-200, 1e-30, 1e-7, 0.1, 0.4, 0.6, 0.999}) {
        if (level < 1e-30 && dtype == f32) continue;
        const Tensor at = Tensor(level).cast(dtype);
        CAPTURE(level);
        const double log_level = std::log(at.cast(f64).item());
        const double low = c.law(dtype).icdf(at)->item(), high = c.law(dtype).isf(at)->item();
        CAPTURE(low);
        CAPTURE(high);
        const auto log_f = [&](double x) { return c.law().log_cdf(Tensor(x))->item(); };
        const auto log_s = [&](double x) { return c.law().log_sf(Tensor(x))->item(); };
        const double slack = (dtype == f64 ? 1e-12 : 1e-5) * std::max(1.0, -log_level);
        CHECK(log_f(low) >= log_level - slack);
        CHECK(log_f(low - 1) < log_level + slack);
        CHECK(log_s(high) <= log_level + slack);
        CHECK((log_s(high - 1) > log_level - slack || high == 0));
      }
    });
}

TEST_CASE("every law of counts with tails: derivatives by parameters are differences of the oracle's sums") {
  for_each_case_of_counts([](const Case& c) {
    if (!is_finite(c.parameters)) return;
    const auto points = c.row.points(c.parameters);
    std::vector<double> some;
    for (std::size_t i = 0; i < points.size(); i += 1 + points.size() / 12) some.push_back(points[i]);
    const auto n = static_cast<Index>(some.size());
    const auto inputs = repeated(c.parameters, n);
    const auto below = value_and_gradients(
        inputs, [&](const std::vector<Var>& v) { return *c.row.make(v).log_cdf(c.values(some)); });
    const auto above = value_and_gradients(
        inputs, [&](const std::vector<Var>& v) { return *c.row.make(v).log_sf(c.values(some)); });
    for (std::size_t k = 0; k < c.parameters.size(); ++k) {
      CAPTURE(k);
      if (!is_continuous(c.row, k) || c.parameters[k].rank() > 0) continue;
      for (Index j = 0; j < n; ++j) {
        const double x = some[static_cast<std::size_t>(j)];
        CAPTURE(x);
        const auto probability = [&](const Parameters& p, bool less) {
          long double total = 0;
          for (double y : points)
            if ((y <= x) == less) total += std::exp(c.row.log_prob(p, y));
          return total;
        };
        const long double f = probability(c.parameters, true), s = probability(c.parameters, false);
        if (std::min(f, s) < 1e-6L) continue;
        const bool less = f < s;  // the sum that is complete where both are small enough
        const long double slope =
            (less ? 1 : -1) *
            derivative(c, c.parameters, k, 0, [&](const Parameters& p) { return probability(p, less); });
        const long double length = length_of(c, k);
        CHECK(near(static_cast<double>(below[k + 1].at(j) * length), slope * length / f, 1e-6));
        CHECK(near(static_cast<double>(above[k + 1].at(j) * length), -slope * length / s, 1e-6));
      }
    }
  });
}

}  // namespace tapir::vi::test
