// The suite: every facet of every law in the list, against its oracle.
// SPDX-License-Identifier: BSD-3-Clause
#include "law_case.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <boost/math/distributions/chi_squared.hpp>
#include <doctest/doctest.h>

#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi::test {

std::vector<LawRow>& law_rows() {
  static std::vector<LawRow> rows;
  return rows;
}

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// Kolmogorov's statistic of sorted draws, taken at every 25th one, or the last that equals it.
long double distance_of(const Case& c, const std::vector<double>& sorted) {
  const auto n = static_cast<long double>(sorted.size());
  long double distance = 0;
  for (auto at = sorted.begin(); at < sorted.end(); at += std::min<std::ptrdiff_t>(25, sorted.end() - at)) {
    const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), *at);
    const auto less = static_cast<long double>(first - sorted.begin()),
               most = static_cast<long double>(last - sorted.begin());
    const long double p = c.row.cdf(c.parameters, *at);
    distance = std::max({distance, most / n - p, p - (c.is_atom(*at) ? most : less) / n});
    at = std::max(at, last - 1);
  }
  return std::sqrt(n) * distance;
}

}  // namespace

TEST_CASE("every law: log_prob is the oracle's, in both tails, to 1e-12 in f64 and 1e-5 in f32") {
  REQUIRE(law_rows().size() >= 20);
  for (DType dtype : {f64, f32}) {
    for_all_cases([&](const Case& given) {
      const Case c{given.row, rounded(given.parameters, dtype)};
      const Tensor x = c.values(c.row.points(c.parameters), dtype);
      const Var y = c.law(dtype).log_prob(x);
      CHECK(y.type() == Type{dtype, x.shape()});
      for (Index i = 0; i < x.size(); ++i) {
        CAPTURE(x.at(i));
        CAPTURE(y.tensor().at(i));
        CAPTURE(static_cast<double>(c.log_prob(x.at(i))));
        CHECK(near(y.tensor().at(i), c.log_prob(x.at(i)), dtype == f64 ? 1e-12 : 1e-5));
      }
    });
  }
}

TEST_CASE("every law: outside its support log_prob is -inf, and no gradient is NaN there") {
  for_each_case([](const Case& c) {
    if (c.row.outside.empty()) return;
    const Tensor x = c.values(c.row.outside);
    for (double y : numbers(c.law().log_prob(x))) CHECK(y == -infinity);
    const auto results = value_and_gradients(
        c.parameters, [&](const std::vector<Var>& p) { return c.row.make(p).log_prob(x); });
    for (std::size_t k = 1; k < results.size(); ++k)
      for (double g : numbers(results[k])) CHECK(!std::isnan(g));
  });
}

TEST_CASE("every law: a NaN in a parameter is a NaN in log_prob") {
  for_each_case([](const Case& c) {
    const Tensor x = c.values(c.row.points(c.parameters));
    for_each_element(c.parameters, [&](std::size_t k, Index i) {
      const auto wrong = moved(c.parameters, k, i, std::numeric_limits<double>::quiet_NaN());
      const auto y = run_recorded(
          wrong, [&](const std::vector<Var>& p) -> std::vector<Var> { return {c.row.make(p).log_prob(x)}; });
      for (double e : numbers(y[0])) CHECK(std::isnan(e));
    });
  });
}

TEST_CASE("every law of counts: a NaN value is a NaN in log_prob, not an impossible count") {
  for_each_case([](const Case& c) {
    const Support support = c.law().support();
    if (support != Support::Kind::boolean && support != Support::Kind::count &&
        support != Support::Kind::whole_interval)
      return;
    CHECK(std::isnan(c.law().log_prob(Tensor(std::numeric_limits<double>::quiet_NaN())).item()));
  });
}

TEST_CASE("every law: recorded and computed values are the same bits") {
  for_each_case([](const Case& c) {
    const Tensor x = c.values(c.row.points(c.parameters));
    const Key key = Key(3) / c.row.name;
    const auto results = run_recorded(c.parameters, [&](const std::vector<Var>& p) -> std::vector<Var> {
      const Distribution law = c.row.make(p);
      return {law.log_prob(x), law.sample(key, {5})};
    });
    CHECK(identical(results[0], c.law().log_prob(x).tensor()));
    CHECK(identical(results[1], c.law().sample(key, {5}).tensor()));
  });
}

TEST_CASE("every law: densities integrate to 1 within 1e-9") {
  for_each_case([](const Case& c) {
    const Rule rule = rule_of(c);
    const auto log_p = numbers(c.law().log_prob(c.values(rule.x)));
    double total = 0;
    for (std::size_t i = 0; i < log_p.size(); ++i) total += rule.weight[i] * std::exp(log_p[i]);
    CHECK(near(total, 1, 1e-9));
  });
}

TEST_CASE("every law: mean, variance and entropy are the oracle's within 1e-9") {
  for_each_case([](const Case& c) {
    const Distribution law = c.law();
    const double moments = c.row.moments(c.parameters);
    // Laws of both signs have no mean where others have an infinite one.
    const long double none = law.support() == Support::Kind::real ? std::nan("") : infinity;
    const long double mean =
        c.row.mean    ? c.row.mean(c.parameters)
        : moments > 1 ? expectation(c, [](double x, long double) { return static_cast<long double>(x); })
                      : none;
    const auto deviation = [&](long double x, long double) {
      return c.row.deviation ? c.row.deviation(c.parameters, x) : (x - mean) * (x - mean);
    };
    if (law.mean()) CHECK(near(law.mean()->item(), mean, 1e-9, c.row.length(c.parameters)));
    if (law.variance()) {
      const long double variance = moments > 2 ? expectation(c, deviation) : moments > 1 ? infinity : none;
      const long double actual = law.variance()->item();
      CAPTURE(static_cast<double>(actual / variance));
      CHECK((actual == variance || (std::isnan(actual) && std::isnan(variance)) ||
             std::abs(actual - variance) <= 1e-9L * variance));
    }
    if (law.entropy())
      CHECK(near(law.entropy()->item(), expectation(c, [](double, long double log_p) { return -log_p; }),
                 1e-9));
  });
}

TEST_CASE("every law: cdf is the oracle's to 2e-12 in its logarithm, or as well as its point is known") {
  for_all_cases([](const Case& c) {
    const std::vector<double> points = c.row.points(c.parameters);
    const auto p = c.law().cdf(c.values(points));
    if (!p) return;
    REQUIRE(c.row.cdf);
    const auto actual = numbers(*p);
    for (std::size_t i = 0; i < points.size(); ++i) {
      CAPTURE(points[i]);
      CAPTURE(actual[i]);
      CAPTURE(static_cast<double>(c.row.cdf(c.parameters, points[i])));
      CHECK(is_level(c, points[i], actual[i], f64));
    }
    if (!c.row.outside.empty())
      for (double y : numbers(*c.law().cdf(c.values(c.row.outside))))
        CHECK((std::isnan(y) || (y >= 0 && y <= 1)));
  });
}

TEST_CASE("every continuous law: cdf(icdf(u)) = u") {
  for_each_case([](const Case& c) {
    if (c.is_discrete()) return;
    const std::vector<double> levels{1e-30, 1e-6, 0.1, 0.5, 0.9, 0.999};
    const auto there = c.law().icdf(column(levels));
    if (!there) return;
    const auto x = numbers(*there);
    for (std::size_t i = 0; i < levels.size(); ++i) {
      CAPTURE(levels[i]);
      CAPTURE(x[i]);
      CHECK((is_level(c, x[i], levels[i], f64) ||
             near(static_cast<double>(c.row.cdf(c.parameters, x[i])), levels[i], 1e-9, c.row.cdf_unit)));
    }
  });
}

// In f64 they are compared above.
TEST_CASE("every law: in f32 moments and entropy are those in f64 to 1e-5, cdf and quantiles the oracle's") {
  for_each_case([](const Case& given) {
    const Case c{given.row, rounded(given.parameters, f32)};
    const Distribution single = c.law(f32), twice = c.law(f64);
    const auto length = c.row.length(c.parameters);
    const auto check = [&](const std::optional<Var>& actual, const std::optional<Var>& expected,
                           long double unit) {
      if (!expected) return;
      REQUIRE(actual->dtype() == f32);
      CAPTURE(actual->item());
      CAPTURE(expected->item());
      CHECK(near(actual->item(), expected->item(), 1e-5, unit));
    };
    check(single.mean(), twice.mean(), length);
    check(single.variance(), twice.variance(), 1e-32L);  // of smaller ones f32 has no number
    check(single.entropy(), twice.entropy(), 1);
    const auto points = c.row.points(c.parameters);
    const Tensor x = c.values(points, f32);
    if (const auto p = single.cdf(x))
      for (Index i = 0; i < x.size(); ++i) {
        CAPTURE(x.at(i));
        CAPTURE(p->tensor().at(i));
        CAPTURE(static_cast<double>(c.row.cdf(c.parameters, x.at(i))));
        CHECK(is_level(c, x.at(i), p->tensor().at(i), f32));
      }
    const Tensor levels = column({1e-6, 0.1, 0.5, 0.9, 0.999}).cast(f32);
    const auto q = single.icdf(levels);
    if (q && !c.is_discrete())
      for (Index i = 0; i < levels.size(); ++i) {
        CAPTURE(levels.at(i));
        CAPTURE(q->tensor().at(i));
        CHECK(is_level(c, q->tensor().at(i), levels.at(i), f32));
      }
  });
}

TEST_CASE("every discrete law: icdf is the value in whose probability the level falls") {
  for_each_case([](const Case& c) {
    if (!c.is_discrete() || !c.row.cdf) return;
    for (double point : c.row.points(c.parameters)) {
      const long double mass = std::exp(c.row.log_prob(c.parameters, point));
      if (mass < 1e-9L) continue;
      const auto level = static_cast<double>(c.row.cdf(c.parameters, point) - mass / 2);
      if (const auto x = c.law().icdf(level)) CHECK(x->item() == point);
    }
  });
}

// Seeds are fixed. The stated rate is that of failing for a new seed if the law were perfect. The distance is taken
// at every 25th draw: 1/4000 of the way up from one to the next, where 1/120 is the least that fails.
TEST_CASE("every continuous law: Kolmogorov-Smirnov, 10^5 draws, false alarms 1 in 10^6 each") {
  for_each_case([](const Case& c) {
    if (c.is_discrete()) return;
    auto x = numbers(c.law().sample(Key(1) / c.row.name, {100000}));
    std::sort(x.begin(), x.end());
    CHECK(distance_of(c, x) < std::sqrt(std::log(2e6L) / 2));
  });
}

// 2 10^4 draws, each 1/4000 of the way, in the tame cases.
TEST_CASE("every continuous law in f32: Kolmogorov-Smirnov, false alarms 1 in 10^6 each") {
  for (const LawRow& row : law_rows())
    for_each_case(row, {row.cases[0], row.cases[1]}, [&](const Case& given) {
      if (given.is_discrete()) return;
      const Case c{row, rounded(given.parameters, f32)};
      const Var draws = c.law(f32).sample(Key(14) / row.name, {20000});
      REQUIRE(draws.type() == Type{f32, {20000}});
      auto x = numbers(draws);
      std::sort(x.begin(), x.end());
      CHECK(distance_of(c, x) < std::sqrt(std::log(2e6L) / 2));
    });
}

TEST_CASE("every discrete law: chi-square, 10^5 draws, false alarms 1 in 10^6 each") {
  for (DType dtype : {f64, f32}) {
    for_each_case([&](const Case& c) {
      if (!c.is_discrete()) return;
      const auto draws = numbers(c.law(dtype).sample(Key(2) / c.row.name, {100000}));
      const auto points = c.row.points(c.parameters);
      double statistic = 0, rare = 0, rare_expected = 0, counted = 0;
      int bins = 0;
      const auto enter = [&](double count, double expected) {
        statistic += (count - expected) * (count - expected) / expected;
        ++bins;
      };
      for (double point : points) {
        const auto count = static_cast<double>(std::count(draws.begin(), draws.end(), point));
        const auto expected =
            static_cast<double>(std::exp(c.log_prob(point))) * static_cast<double>(draws.size());
        counted += count;
        if (expected == 0) CHECK(count == 0);
        if (expected >= 10)
          enter(count, expected);
        else
          rare += count, rare_expected += expected;
      }
      CHECK(counted == static_cast<double>(draws.size()));
      // Rare values together: alone where that is still little, a Poisson count of at most 10 exceeds 60 in 1 of 10^26.
      if (rare_expected >= 10)
        enter(rare, rare_expected);
      else
        CHECK(rare < 60);
      if (bins > 1) {
        CHECK(boost::math::cdf(boost::math::complement(boost::math::chi_squared(bins - 1), statistic)) >
              1e-6);
      }
    });
  }
}

TEST_CASE("every law: all cases at once, broadcast, are the cases one by one, bit by bit") {
  for (const LawRow& row : law_rows()) {
    CAPTURE(row.name);
    const auto law = row.make(vars_of(row.cases[0]));
    const auto infos = law.parameters();
    std::vector<Var> stacked;
    for (std::size_t k = 0; k < infos.size(); ++k) {
      std::vector<Var> parts;
      for (const Parameters& p : row.cases) parts.emplace_back(p[k]);
      stacked.push_back(with_inner_axes(stack(parts), infos[k].own, 1, here()));
    }
    const Distribution all = row.make(stacked);
    CHECK(all.batch_shape() == Shape{static_cast<Index>(row.cases.size()), 1});
    const Case first{row, row.cases[0]};
    const Tensor x = first.values(row.points(row.cases[0]));
    const Tensor together = all.log_prob(x).tensor();
    REQUIRE(together.shape() == Shape{static_cast<Index>(row.cases.size()), x.size()});
    for (std::size_t i = 0; i < row.cases.size(); ++i) {
      const auto row_index = static_cast<Index>(i);
      const Tensor alone = Case{row, row.cases[i]}.law().log_prob(x).tensor();
      CHECK(identical(together.rows(row_index, row_index + 1).reshaped(x.shape()), alone));
    }
    const Shape shape{static_cast<Index>(row.cases.size()), 4};
    CHECK(all.sample(Key(5), shape).shape() == shape);
    if (all.mean()) CHECK(all.mean()->shape() == all.batch_shape());
    if (all.variance()) CHECK(all.variance()->shape() == all.batch_shape());
    if (all.entropy()) CHECK(all.entropy()->shape() == all.batch_shape());
  }
}

TEST_CASE("every law: draws and densities have the parameters' dtype; laws of bare numbers take the key's") {
  for_each_case([](const Case& c) {
    const DType f32_value = c.value_dtype(f32);
    CHECK(c.law(f32).dtype() == f32);
    CHECK(c.law(f32).sample(Key(6, f64), {3}).type() == Type{f32_value, {3}});
    std::vector<Var> bare;
    for (const Tensor& p : c.parameters) bare.push_back(Var::open(p));
    const Distribution open = c.row.make(bare);
    CHECK(!open.dtype());
    const Var x = open.sample(Key(6, f32), {3});
    CHECK(x.type() == Type{f32_value, {3}});
    if (f32_value == f32) CHECK(open.log_prob(x).type() == Type{f32, {3}});
  });
}

TEST_CASE("every law: enumerate lists the support, and its probabilities sum to 1") {
  for_each_case([](const Case& c) {
    const auto values = c.law().enumerate();
    if (!values) return;
    CHECK(numbers(*values) == c.row.points(c.parameters));
    double total = 0;
    for (double log_p : numbers(c.law().log_prob(*values))) total += std::exp(log_p);
    CHECK(near(total, 1, 1e-12));
  });
}

TEST_CASE("every law: its parameters are named once, and each gives them back") {
  for_each_case([](const Case& c) {
    const auto list = c.law().parameters();
    REQUIRE(list.size() == c.parameters.size());
    for (std::size_t k = 0; k < list.size(); ++k) {
      CHECK(identical(list[k].value.tensor(), c.parameters[k]));
      for (std::size_t other = 0; other < k; ++other) CHECK(list[k].name != list[other].name);
    }
    CHECK(c.law().each([](const ParameterInfo&, const Var& v) { return v; }).type() == c.law().type());
  });
}

}  // namespace tapir::vi::test
