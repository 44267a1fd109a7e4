// The suite of vectors: densities, moments and draws of every law whose values have axes, against its oracle.
// SPDX-License-Identifier: BSD-3-Clause
#include "vector_case.hpp"

#include <limits>
#include <map>

#include <boost/math/distributions/chi_squared.hpp>

namespace tapir::vi::test {

std::vector<VectorRow>& vector_rows() {
  static std::vector<VectorRow> rows;
  return rows;
}

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::string key_of(const VectorCase& c) { return c.row.name; }

}  // namespace

TEST_CASE("every vector law: log_prob is the oracle's to 1e-12 in f64 and 1e-5 in f32, or to its condition") {
  REQUIRE(!vector_rows().empty());
  for (DType dtype : {f64, f32}) {
    const auto check = [&](const VectorCase& given) {
      const VectorCase c{given.row, rounded(given.parameters, dtype)};
      const double rounding = dtype == f64 ? 0x1p-53 : 0x1p-24;
      const double tolerance =
          std::max(dtype == f64 ? 1e-12 : 1e-5, 4 * rounding * c.row.condition(c.parameters, dtype));
      const Tensor x = c.values(c.row.points(c.parameters), dtype);
      const Tensor y = c.law(dtype).log_prob(x).tensor();
      REQUIRE(y.type() == Type{dtype, {x.shape()[0]}});
      const auto points = points_of(x);
      for (std::size_t i = 0; i < points.size(); ++i) {
        const double actual = y.at(static_cast<Index>(i));
        const long double expected = c.log_prob(points[i]);
        CAPTURE(i);
        CAPTURE(actual);
        CAPTURE(static_cast<double>(expected));
        CAPTURE(static_cast<double>(actual - expected));
        CHECK(near(actual, expected, tolerance));
      }
    };
    for_cases(check);
    for (const VectorRow& row : vector_rows()) for_cases(row, row.extremes, check);
  }
}

TEST_CASE("every vector law: outside its support log_prob is -inf, and no gradient is NaN there") {
  for (const VectorRow& row : vector_rows()) {
    CAPTURE(row.name);
    if (row.outside.empty()) continue;
    const VectorCase c{row, row.cases[0]};
    const Tensor x = c.values(row.outside);
    for (double y : numbers(c.law().log_prob(x))) CHECK(y == -infinity);
    auto inputs = c.parameters;
    inputs.push_back(x);
    const auto results = value_and_gradients(inputs, [&](const std::vector<Var>& v) {
      return row.make({v.begin(), v.end() - 1}).log_prob(v.back());
    });
    CHECK(results[0].item() == -infinity);
    for (std::size_t k = 1; k < results.size(); ++k)
      for (double g : numbers(results[k])) CHECK(!std::isnan(g));
  }
}

TEST_CASE("every vector law: a NaN in a parameter or a value is a NaN in log_prob") {
  for_tame_cases([](const VectorCase& c) {
    const auto points = c.row.points(c.parameters);
    const Tensor x = c.values({points[0], points[1]});
    for_each_free_element(c, [&](std::size_t k, Index i, long double) {
      const auto y = run_recorded(moved(c.parameters, k, i, nan), [&](const std::vector<Var>& p) {
        return std::vector<Var>{c.row.make(p).log_prob(x)};
      });
      for (double e : numbers(y[0])) CHECK(std::isnan(e));
    });
    if (c.is_discrete()) return;
    Point wrong = points[0];
    wrong[0] = static_cast<long double>(nan);
    CHECK(std::isnan(c.law().log_prob(c.values({wrong})).tensor().at(0)));
  });
}

TEST_CASE("every vector law: recorded and computed values are the same bits") {
  for_cases([](const VectorCase& c) {
    const Tensor x = c.values(c.row.points(c.parameters));
    const Key key = Key(3) / key_of(c);
    const auto all = [&](const Distribution& law) {
      std::vector<Var> results{law.log_prob(x), law.sample(key, {5})};
      for (const auto& form : {law.mean(), law.variance(), law.entropy()})
        if (form) results.push_back(*form);
      return results;
    };
    const auto recorded =
        run_recorded(c.parameters, [&](const std::vector<Var>& p) { return all(c.row.make(p)); });
    const auto computed = all(c.law());
    for (std::size_t i = 0; i < computed.size(); ++i) CHECK(identical(recorded[i], computed[i].tensor()));
  });
}

TEST_CASE("every vector law: the density integrates to 1, and to mean, variance and entropy, within 1e-9") {
  for_tame_cases([](const VectorCase& c) {
    const Distribution law = c.law();
    const Nodes nodes = nodes_of(c, fine_grid);
    REQUIRE(law.batch_shape() == Shape{});
    const auto log_p = numbers(law.log_prob(c.values(nodes.x)));
    long double total = 0;
    for (std::size_t k = 0; k < log_p.size(); ++k)
      total += nodes.weight[k] * std::exp(static_cast<long double>(log_p[k]));
    CAPTURE(static_cast<double>(total - 1));
    CHECK(near(static_cast<double>(total), 1, 1e-9));
    for (std::size_t i = 0; i < nodes.x[0].size(); ++i) {
      CAPTURE(i);
      const long double mean = expectation(nodes, [&](const Point& x, long double) { return x[i]; });
      const auto squares = [&](const Point& x, long double) { return (x[i] - mean) * (x[i] - mean); };
      const long double variance = expectation(nodes, squares);
      const auto element = static_cast<Index>(i);
      if (law.mean()) CHECK(near(law.mean()->tensor().at(element), mean, 1e-9, std::sqrt(variance)));
      if (law.variance()) CHECK(near(law.variance()->tensor().at(element), variance, 1e-9, 0));
    }
    if (law.entropy())
      CHECK(near(law.entropy()->item(), expectation(nodes, [](const Point&, long double l) { return -l; }),
                 1e-9));
  });
}

TEST_CASE("every vector law: draws lie in the support") {
  for (DType dtype : {f64, f32})
    for_cases([&](const VectorCase& c) {
      const Distribution law = c.law(dtype);
      const Var x = law.sample(Key(10) / key_of(c), {1000});
      REQUIRE(x.type() == Type{dtype, Shape{1000} + c.own()});
      CHECK(!law.support().violation(x.tensor()));
      for (double y : numbers(law.log_prob(x))) CHECK(std::isfinite(y));
    });
}

// Seeds are fixed. A new one would fail one of these comparisons in 16 000 were the law perfect.
TEST_CASE("every vector law: first and second moments of 10^5 draws are the oracle's") {
  constexpr Index n = 100000;
  for_tame_cases([](const VectorCase& c) {
    const Nodes nodes = nodes_of(c, coarse_grid);
    const auto draws = points_of(c.law().sample(Key(1) / key_of(c), {n}).tensor());
    const auto check = [&](const auto& f) {
      std::vector<double> values;
      for (const Point& x : draws) values.push_back(static_cast<double>(f(x)));
      CHECK(std::abs(
                score_of(values, expectation(nodes, [&](const Point& x, long double) { return f(x); }))) < 4);
    };
    for (std::size_t i = 0; i < draws[0].size(); ++i) {
      CAPTURE(i);
      check([i](const Point& x) { return x[i]; });
      for (std::size_t j = 0; j <= i; ++j) check([i, j](const Point& x) { return x[i] * x[j]; });
    }
  });
}

// False alarms 1 in 10^6 each.
TEST_CASE("every vector law: projections of 10^5 draws by Kolmogorov-Smirnov") {
  constexpr Index n = 100000;
  for_cases([](const VectorCase& c) {
    if (c.row.projections.empty()) return;
    const auto draws = points_of(c.law().sample(Key(2) / key_of(c), {n}).tensor());
    for (const Projection& projection : c.row.projections) {
      std::vector<double> x;
      for (const Point& draw : draws) x.push_back(projection.value(c.parameters, draw));
      std::sort(x.begin(), x.end());
      long double distance = 0;
      for (std::size_t i = 0; i < x.size();
           i += 25) {  // 1/4000 of the way up, where 1/120 is the least that fails
        const long double p = projection.cdf(c.parameters, x[i]);
        distance = std::max(
            {distance, p - static_cast<long double>(i) / n, static_cast<long double>(i + 1) / n - p});
      }
      CHECK(std::sqrt(static_cast<long double>(n)) * distance < std::sqrt(std::log(2e6L) / 2));
    }
  });
}

// False alarms 1 in 10^6 each.
TEST_CASE("every discrete vector law: chi-square over its support, 10^5 draws") {
  for (DType dtype : {f64, f32})
    for_cases([&](const VectorCase& c) {
      const auto values = c.law().enumerate();
      if (!c.is_discrete() || !values) return;
      std::map<Point, double> seen;
      for (const Point& x : points_of(c.law(dtype).sample(Key(13) / key_of(c), {100000}).tensor())) ++seen[x];
      double statistic = 0, rare = 0, rare_seen = 0, counted = 0;
      int bins = 0;
      for (const Point& x : points_of(values->tensor())) {
        const auto expected = 1e5 * static_cast<double>(std::exp(c.log_prob(x)));
        const double count = seen[x];
        counted += count;
        if (expected == 0) CHECK(count == 0);
        if (expected >= 10)
          statistic += (count - expected) * (count - expected) / expected, ++bins;
        else
          rare += expected, rare_seen += count;
      }
      CHECK(counted == 1e5);
      if (rare >= 10)
        statistic += (rare_seen - rare) * (rare_seen - rare) / rare, ++bins;
      else
        CHECK(rare_seen < 60);  // a Poisson count of at most 10 exceeds it in 1 of 10^26
      if (bins > 1)
        CHECK(boost::math::cdf(boost::math::complement(boost::math::chi_squared(bins - 1), statistic)) >
              1e-6);
    });
}

TEST_CASE("every vector law: cases of one size at once, broadcast, are the cases one by one") {
  for (const VectorRow& row : vector_rows()) {
    CAPTURE(row.name);
    const VectorCase first{row, row.cases[0]};
    std::vector<Parameters> same;
    for (const Parameters& p : row.cases)
      if (VectorCase{row, p}.own() == first.own() && p.back().shape() == row.cases[0].back().shape())
        same.push_back(p);
    const auto m = static_cast<Index>(same.size());
    const auto infos = first.law().parameters();
    std::vector<Var> stacked;
    for (std::size_t k = 0; k < infos.size(); ++k) {
      std::vector<Var> parts;
      for (const Parameters& p : same) parts.emplace_back(p[k]);
      stacked.push_back(with_inner_axes(stack(parts), infos[k].own, 1, here()));
    }
    const Distribution all = row.make(stacked);
    REQUIRE(all.batch_shape() == Shape{m, 1});
    const Tensor x = first.values(row.points(row.cases[0]));
    const Index n = x.shape()[0];
    const Tensor together = all.log_prob(x).tensor();
    REQUIRE(together.shape() == Shape{m, n});
    for (Index i = 0; i < m; ++i) {
      CAPTURE(i);
      const Distribution one = VectorCase{row, same[static_cast<std::size_t>(i)]}.law();
      const Tensor alone = one.log_prob(x).tensor();
      for (Index j = 0; j < n; ++j) CHECK(near(together.at(i * n + j), alone.at(j), 1e-12));
      const auto check = [&](const std::optional<Var>& many, const std::optional<Var>& single) {
        if (!many) return;
        const Shape own = single->shape();
        REQUIRE(many->shape() == Shape{m, 1} + own);
        for (Index e = 0; e < own.size(); ++e)
          CHECK(near(many->tensor().at(i * own.size() + e), single->tensor().at(e), 1e-13));
      };
      check(all.mean(), one.mean());
      check(all.variance(), one.variance());
      check(all.entropy(), one.entropy());
    }
    CHECK(all.sample(Key(5), {m, 4}).shape() == Shape{m, 4} + first.own());
  }
}

TEST_CASE("every vector law: draws have the parameters' dtype; laws of bare numbers take the key's") {
  for_cases([](const VectorCase& c) {
    CHECK(c.law(f32).dtype() == f32);
    CHECK(c.law(f32).sample(Key(6, f64), {3}).type() == Type{f32, Shape{3} + c.own()});
    std::vector<Var> bare;
    for (const Tensor& p : c.parameters) bare.push_back(Var::open(p));
    const Distribution open = c.row.make(bare);
    CHECK(!open.dtype());
    const Var x = open.sample(Key(6, f32), {3});
    CHECK(x.type() == Type{f32, Shape{3} + c.own()});
    CHECK(open.log_prob(x).type() == Type{f32, {3}});
  });
}

TEST_CASE("every vector law: its parameters are named once, and each gives them back") {
  for_tame_cases([](const VectorCase& c) {
    const auto list = c.law().parameters();
    REQUIRE(list.size() == c.parameters.size());
    for (std::size_t k = 0; k < list.size(); ++k) {
      CHECK(identical(list[k].value.tensor(), c.parameters[k]));
      for (std::size_t other = 0; other < k; ++other) CHECK(list[k].name != list[other].name);
    }
    CHECK(c.law().each([](const ParameterInfo&, const Var& v) { return v; }).type() == c.law().type());
  });
}

TEST_CASE("every vector law: at a site in plates its value has the plates' axes first, and so has iid") {
  for_tame_cases([](const VectorCase& c) {
    const std::vector<PlateAxis> plates{{"rows", 4}, {"columns", 3}};
    const Aligned shared = c.law().aligned(plates);
    CHECK(shared.value_shape() == Shape{4, 3} + c.own());
    CHECK(shared.log_prob(shared.sample(Key(1))).shape() == Shape{4, 3});
    std::vector<Var> rows;
    for (const Tensor& p : c.parameters) rows.push_back(broadcast_to(p, Shape{4} + p.shape()));
    const Aligned outer = c.row.make(rows).aligned(plates);
    const Var x = shared.sample(Key(1));
    CHECK(outer.value_shape() == Shape{4, 3} + c.own());
    const auto of_outer = numbers(outer.log_prob(x)), of_shared = numbers(shared.log_prob(x));
    for (std::size_t i = 0; i < of_outer.size(); ++i) CHECK(near(of_outer[i], of_shared[i], 1e-12));
  });
}

}  // namespace tapir::vi::test
