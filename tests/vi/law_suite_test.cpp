// The suite: every facet of every law in the list, against its oracle.
// SPDX-License-Identifier: BSD-3-Clause
#include "law_suite.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/quadrature/gauss.hpp>
#include <doctest/doctest.h>

#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/kl.hpp>

#include "recorded_run.hpp"

namespace tapir::vi::test {

std::vector<LawRow>& law_rows() {
  static std::vector<LawRow> rows;
  return rows;
}

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<Var> vars_of(const Parameters& parameters, DType dtype = f64) {
  std::vector<Var> vars;
  for (const Tensor& parameter : parameters) vars.emplace_back(parameter.cast(dtype));
  return vars;
}

// What a parameter is after it has been rounded to `dtype`.
Parameters rounded(const Parameters& parameters, DType dtype) {
  Parameters result;
  for (const Tensor& parameter : parameters) result.push_back(parameter.cast(dtype).cast(f64));
  return result;
}

struct Case {
  const LawRow& row;
  Parameters parameters;

  Distribution law(DType dtype = f64) const { return row.make(vars_of(parameters, dtype)); }
  bool is_discrete() const { return law().support().is_discrete(); }
  DType value_dtype(DType dtype) const {
    return law().support() == Support::Kind::category ? i64 : dtype;
  }
  Tensor values(const std::vector<double>& x, DType dtype = f64) const { return column(x).cast(value_dtype(dtype)); }
  long double log_prob(double x) const { return row.log_prob(parameters, x); }
};

template <class F>
void for_each_case(const F& f) {
  for (const LawRow& row : law_rows()) {
    for (std::size_t i = 0; i < row.cases.size(); ++i) {
      CAPTURE(row.name);
      CAPTURE(i);
      f(Case{row, row.cases[i]});
    }
  }
}

struct Rule {
  std::vector<double> x;
  std::vector<double> weight;
};

// Sums over the support, or Gauss-Legendre quadrature with 30 points in each panel.
Rule rule_of(const Case& c) {
  Rule rule;
  if (c.is_discrete()) {
    rule.x = c.row.points(c.parameters);
    rule.weight.assign(rule.x.size(), 1);
    return rule;
  }
  using Gauss = boost::math::quadrature::gauss<double, 30>;
  const auto panels = c.row.panels(c.parameters);
  for (std::size_t i = 0; i + 1 < panels.size(); ++i) {
    const double middle = (panels[i] + panels[i + 1]) / 2;
    const double half = (panels[i + 1] - panels[i]) / 2;
    for (std::size_t k = 0; k < Gauss::abscissa().size(); ++k)
      for (double side : {-1.0, 1.0}) {
        rule.x.push_back(middle + side * half * Gauss::abscissa()[k]);
        rule.weight.push_back(half * Gauss::weights()[k]);
      }
  }
  return rule;
}

// The expectation of f(x, log p(x)) under the oracle.
template <class F>
long double expectation(const Case& c, const F& f) {
  const Rule rule = rule_of(c);
  long double total = 0;
  for (std::size_t i = 0; i < rule.x.size(); ++i) {
    const long double log_p = c.log_prob(rule.x[i]);
    if (std::exp(log_p) > 0) total += static_cast<long double>(rule.weight[i]) * std::exp(log_p) * f(rule.x[i], log_p);
  }
  return total;
}

// Every element of every parameter moved by itself: f(parameters, parameter, element).
template <class F>
void for_each_element(const Parameters& parameters, const F& f) {
  for (std::size_t k = 0; k < parameters.size(); ++k)
    for (Index i = 0; i < parameters[k].size(); ++i) f(k, i);
}

Parameters moved(Parameters parameters, std::size_t k, Index i, long double to) {
  parameters[k].mutable_view<double>()[static_cast<std::size_t>(i)] = static_cast<double>(to);
  return parameters;
}

// The derivative of f(parameters) by one element.
template <class F>
long double derivative(const Case& c, const Parameters& parameters, std::size_t k, Index i, const F& f) {
  return central_difference([&](long double to) { return f(moved(parameters, k, i, to)); }, parameters[k].at(i),
                            c.row.length(parameters) * 0x1p-10L);
}

bool is_finite(const Parameters& parameters) {
  return std::all_of(parameters.begin(), parameters.end(), [](const Tensor& t) {
    const auto x = numbers(t);
    return std::all_of(x.begin(), x.end(), [](double e) { return std::isfinite(e); });
  });
}

}  // namespace

TEST_CASE("every law: log_prob is the oracle's, in both tails, to 1e-12 in f64 and 1e-5 in f32") {
  REQUIRE(law_rows().size() >= 3);
  for (DType dtype : {f64, f32}) {
    for_each_case([&](const Case& given) {
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
      const auto y = run_recorded(wrong, [&](const std::vector<Var>& p) -> std::vector<Var> {
        return {c.row.make(p).log_prob(x)};
      });
      for (double e : numbers(y[0])) CHECK(std::isnan(e));
    });
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
    const long double mean = expectation(c, [](double x, long double) { return static_cast<long double>(x); });
    if (law.mean()) CHECK(near(law.mean()->item(), mean, 1e-9));
    if (law.variance()) {
      const long double variance = expectation(c, [&](double x, long double) { return (x - mean) * (x - mean); });
      CHECK(std::abs(law.variance()->item() - variance) <= 1e-9L * variance);
    }
    if (law.entropy())
      CHECK(near(law.entropy()->item(), expectation(c, [](double, long double log_p) { return -log_p; }), 1e-9));
  });
}

TEST_CASE("every law: cdf is the oracle's to 1e-12, and icdf its inverse") {
  for_each_case([](const Case& c) {
    if (c.is_discrete()) return;
    const std::vector<double> points = c.row.points(c.parameters);
    const auto p = c.law().cdf(c.values(points));
    if (!p) return;
    for (std::size_t i = 0; i < points.size(); ++i)
      CHECK(near(numbers(*p)[i], c.row.cdf(c.parameters, points[i]), 1e-12));
    const std::vector<double> levels{1e-6, 0.1, 0.5, 0.9, 0.999};
    if (const auto x = c.law().icdf(column(levels)))
      for (std::size_t i = 0; i < levels.size(); ++i)
        CHECK(near(static_cast<double>(c.row.cdf(c.parameters, numbers(*x)[i])), levels[i], 1e-9));
  });
}

// Seeds are fixed. The stated rate is that of failing for a new seed if the law were perfect.
TEST_CASE("every continuous law: Kolmogorov-Smirnov, 10^5 draws, false alarms 1 in 10^6 each") {
  for_each_case([](const Case& c) {
    if (c.is_discrete()) return;
    auto x = numbers(c.law().sample(Key(1) / c.row.name, {100000}));
    std::sort(x.begin(), x.end());
    const auto n = static_cast<long double>(x.size());
    long double distance = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const long double p = c.row.cdf(c.parameters, x[i]);
      distance = std::max({distance, p - static_cast<long double>(i) / n, static_cast<long double>(i + 1) / n - p});
    }
    CHECK(std::sqrt(n) * distance < std::sqrt(std::log(2e6L) / 2));
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
        const auto expected = static_cast<double>(std::exp(c.log_prob(point))) * static_cast<double>(draws.size());
        counted += count;
        if (expected == 0) CHECK(count == 0);
        if (expected >= 10) enter(count, expected);
        else rare += count, rare_expected += expected;
      }
      CHECK(counted == static_cast<double>(draws.size()));
      // Rare values together: alone where that is still little, a Poisson count of at most 10 exceeds 60 in 1 of 10^26.
      if (rare_expected >= 10) enter(rare, rare_expected);
      else CHECK(rare < 60);
      if (bins > 1) {
        CHECK(boost::math::cdf(boost::math::complement(boost::math::chi_squared(bins - 1), statistic)) > 1e-6);
      }
    });
  }
}

TEST_CASE("every law: gradients of log_prob are central differences of the oracle") {
  for_each_case([](const Case& c) {
    if (!is_finite(c.parameters)) return;
    const auto points = c.row.points(c.parameters);
    const Tensor x = c.values(points);
    const auto results = value_and_gradients(
        c.parameters, [&](const std::vector<Var>& p) { return c.row.make(p).log_prob(x); });
    for_each_element(c.parameters, [&](std::size_t k, Index i) {
      long double expected = 0, scale = 1;
      for (double point : points) {
        const long double d =
            derivative(c, c.parameters, k, i, [&](const Parameters& p) { return c.row.log_prob(p, point); });
        expected += d;
        scale = std::max(scale, std::abs(d));
      }
      CAPTURE(results[k + 1].at(i));
      CAPTURE(static_cast<double>(expected));
      CHECK(std::abs(results[k + 1].at(i) - expected) < 1e-6L * scale);
    });
  });
}

TEST_CASE("every continuous law: the gradient of log_prob by the value is a central difference of the oracle") {
  for_each_case([](const Case& c) {
    if (c.is_discrete()) return;
    const auto points = c.row.points(c.parameters);
    const auto results = value_and_gradients(
        {column(points)}, [&](const std::vector<Var>& v) { return c.law().log_prob(v[0]); });
    for (std::size_t i = 0; i < points.size(); ++i) {
      const long double expected = central_difference([&](long double x) { return c.row.log_prob(c.parameters, x); },
                                                      points[i], c.row.length(c.parameters) * 0x1p-10L);
      CHECK(near(results[1].at(static_cast<Index>(i)), expected, 1e-6));
    }
  });
}

TEST_CASE("every pathwise law: gradients of draws are -dF/dtheta / density, from the oracle") {
  for_each_case([](const Case& c) {
    if (!c.law().is_pathwise() || !is_finite(c.parameters)) return;
    const Key key = Key(4) / c.row.name;
    const auto draws = numbers(c.law().sample(key, {6}));
    const auto results = value_and_gradients(
        c.parameters, [&](const std::vector<Var>& p) { return c.row.make(p).sample(key, {6}); });
    for_each_element(c.parameters, [&](std::size_t k, Index i) {
      long double expected = 0, scale = 1;
      for (double x : draws) {
        const long double d = derivative(c, c.parameters, k, i, [&](const Parameters& p) { return c.row.cdf(p, x); });
        expected -= d / std::exp(c.log_prob(x));
        scale = std::max(scale, std::abs(expected));
      }
      CHECK(std::abs(results[k + 1].at(i) - expected) < 1e-6L * scale);
    });
  });
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

TEST_CASE("every law: kl between its cases is the oracle's expectation, within 1e-9, and exactly 0 at p = q") {
  for_each_case([](const Case& p) {
    if (!kl(p.law(), p.law())) return;
    CHECK(kl(p.law(), p.law())->item() == 0);
    for (const Parameters& other : p.row.cases) {
      const Case q{p.row, other};
      const long double expected = expectation(p, [&](double x, long double log_p) { return log_p - q.log_prob(x); });
      CAPTURE(static_cast<double>(expected));
      CAPTURE(kl(p.law(), q.law())->item());
      CHECK(near(kl(p.law(), q.law())->item(), expected, 1e-9));
    }
  });
}

TEST_CASE("every law: gradients of kl and of the entropy are central differences") {
  for (const LawRow& row : law_rows()) {
    CAPTURE(row.name);
    const std::size_t count = row.cases[0].size();
    Parameters both = row.cases[0];
    both.insert(both.end(), row.cases[1].begin(), row.cases[1].end());
    const auto divergence = [&](const std::vector<Var>& v) {
      const std::vector<Var> p(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(count));
      const std::vector<Var> q(v.begin() + static_cast<std::ptrdiff_t>(count), v.end());
      return kl(row.make(p), row.make(q));
    };
    const auto check = [&](const Parameters& at, const std::function<Var(const std::vector<Var>&)>& f) {
      const auto results = value_and_gradients(at, f);
      for_each_element(at, [&](std::size_t k, Index i) {
        const long double expected = derivative(
            Case{row, row.cases[0]}, at, k, i,
            [&](const Parameters& p) { return static_cast<long double>(f(vars_of(p)).item()); });
        CHECK(near(results[k + 1].at(i), expected, 1e-8));
      });
    };
    if (divergence(vars_of(both))) check(both, [&](const std::vector<Var>& v) { return *divergence(v); });
    if (row.make(vars_of(row.cases[0])).entropy())
      check(row.cases[0], [&](const std::vector<Var>& v) { return *row.make(v).entropy(); });
  }
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
