// The suite: log_cdf, log_sf and isf, of every continuous law that has tails.
// SPDX-License-Identifier: BSD-3-Clause
#include "law_case.hpp"

#include <tapir/autodiff/ops/structure.hpp>

namespace tapir::vi::test {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

template <class F>
void for_each_case_with_tails(const F& f) {
  for_each_case([&](const Case& c) {
    if (c.law().has_tails() && !c.is_discrete()) f(c);
  });
}

// How far into the infinite the density falls by a factor of e, if it falls there; else the row's length.
double length_from(const Case& c, double x, double side) {
  const auto length = static_cast<double>(c.row.length(c.parameters));
  const double step = side * std::max(length * 0x1p-10, std::abs(x) * 0x1p-20);
  const auto fall = static_cast<double>(c.log_prob(x) - c.log_prob(x + step));
  return fall > 0 ? std::min(std::abs(step) / fall, std::max(length, std::abs(x))) : length;
}

// The logarithm of the oracle's probability between two numbers: terms relative to the largest, so that none vanishes.
long double log_between(const Case& c, double low, double high) {
  std::vector<double> ends{low};
  for (double x : c.row.breaks(c.parameters))
    if (x > low && x < high) ends.push_back(x);
  ends.push_back(high);
  Rule rule;
  for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
    const double length =
        std::isfinite(ends[i]) ? length_from(c, ends[i], 1) : length_from(c, ends[i + 1], -1);
    append_interval(rule, ends[i], ends[i + 1], length, 1.0 / 32);
  }
  std::vector<long double> terms;
  long double most = -infinity, total = 0;
  for (std::size_t i = 0; i < rule.x.size(); ++i) {
    if (rule.weight[i] == 0) continue;
    terms.push_back(c.log_prob(rule.x[i]) + std::log(static_cast<long double>(rule.weight[i])));
    most = std::max(most, terms.back());
  }
  for (long double t : terms) total += std::exp(t - most);
  return most + std::log(total);
}

}  // namespace

TEST_CASE("every law with tails: log_cdf and log_sf are the oracle's integrals to 1e-9 or, of a side that "
          "has nearly all, 1e-15, however far out") {
  int laws = 0;
  for_each_case_with_tails([&](const Case& c) {
    ++laws;
    const auto points = c.row.points(c.parameters);
    const auto ends = c.row.breaks(c.parameters);
    const auto below = numbers(*c.law().log_cdf(c.values(points)));
    const auto above = numbers(*c.law().log_sf(c.values(points)));
    for (std::size_t i = 0; i < points.size(); ++i) {
      const double x = points[i];
      if (!(x > ends.front() && x < ends.back())) continue;
      CAPTURE(x);
      CAPTURE(below[i]);
      CAPTURE(above[i]);
      // The half in which the integral loses nothing by the coarse grid around x; the other one is its complement.
      const long double log_f = log_between(c, ends.front(), x), log_s = log_between(c, x, ends.back());
      CAPTURE(static_cast<double>(log_f));
      CAPTURE(static_cast<double>(log_s));
      // Nodes between x and an end close by are rounded as x is.
      const double rounding = 1e-9 + 0x1p-52 * std::abs(x) / std::min(x - ends.front(), ends.back() - x);
      CHECK(near(below[i], log_f < log_s ? log_f : std::log1p(-std::exp(log_s)), rounding, 1e-6L));
      CHECK(near(above[i], log_s < log_f ? log_s : std::log1p(-std::exp(log_f)), rounding, 1e-6L));
    }
  });
  CHECK(laws >= 40);
}

TEST_CASE("every law with tails: the ends and what is outside have logarithms of 0 and 1") {
  for_each_case_with_tails([](const Case& c) {
    auto points = c.row.outside;
    const auto ends = c.row.breaks(c.parameters);
    points.insert(points.end(), {ends.front(), ends.back()});
    for (const bool upper : {false, true}) {
      const auto results = value_and_gradients({column(points)}, [&](const std::vector<Var>& v) {
        return upper ? *c.law().log_sf(v[0]) : *c.law().log_cdf(v[0]);
      });
      for (double g : numbers(results[1])) CHECK(!std::isnan(g));
    }
    for (double x : points) {
      if (x > ends.front() && x < ends.back()) continue;
      CAPTURE(x);
      const double below = c.law().log_cdf(Tensor(x))->item(), above = c.law().log_sf(Tensor(x))->item();
      CHECK(below == (x <= ends.front() ? -infinity : 0));
      CHECK(above == (x <= ends.front() ? 0 : -infinity));
    }
  });
}

TEST_CASE("every law with tails: P(X > isf(q)) = q, down to 1e-30 where the support has no end") {
  for (DType dtype : {f64, f32})
    for_each_case_with_tails([&](const Case& given) {
      const Case c{given.row, rounded(given.parameters, dtype)};
      const bool endless = c.row.breaks(c.parameters).back() == infinity;
      for (double q : {1e-30, 1e-7, 0.1, 0.4, 0.6, 0.999}) {
        if (q < 1e-6 && (!endless || dtype == f32)) continue;
        CAPTURE(q);
        const double x = c.law(dtype).isf(Var(Tensor(q).cast(dtype)))->item();
        CAPTURE(x);
        if (!std::isfinite(x)) continue;
        const double back = std::exp(c.law(f64).log_sf(Tensor(x))->item());
        // Where x has few digits of its distance from an end, that is how well the level is known.
        const double rounding = (dtype == f64 ? 0x1p-52 : 0x1p-22) * std::abs(x);
        const double slope = std::exp(c.law(f64).log_prob(Tensor(x)).item());
        CHECK(std::abs(back - q) <= (dtype == f64 ? 1e-9 : 1e-4) * q + rounding * slope * 4);
      }
    });
}

TEST_CASE("every law with tails: derivatives by the value are the density, and by parameters differences of "
          "the oracle") {
  for_each_case_with_tails([](const Case& c) {
    if (!is_finite(c.parameters)) return;
    const auto ends = c.row.breaks(c.parameters);
    std::vector<double> points;
    for (double x : c.row.points(c.parameters))
      if (x > ends.front() && x < ends.back()) points.push_back(x);
    const auto n = static_cast<Index>(points.size());
    const std::size_t count = c.parameters.size();
    auto inputs = repeated(c.parameters, n);
    inputs.push_back(column(points));
    const auto law = [&](const std::vector<Var>& v) {
      return c.row.make({v.begin(), v.begin() + static_cast<std::ptrdiff_t>(count)});
    };
    const auto below =
        value_and_gradients(inputs, [&](const std::vector<Var>& v) { return *law(v).log_cdf(v[count]); });
    const auto above =
        value_and_gradients(inputs, [&](const std::vector<Var>& v) { return *law(v).log_sf(v[count]); });
    for (Index j = 0; j < n; ++j) {
      const double x = points[static_cast<std::size_t>(j)];
      CAPTURE(x);
      const Tensor at(x);
      const double log_f = c.law().log_cdf(at)->item(), log_s = c.law().log_sf(at)->item();
      const double log_p = c.law().log_prob(at).item();
      // Densities of e^50 and more are differences of numbers as large.
      const double rounding = 1e-8 + 0x1p-49 * std::abs(log_p);
      const auto relative = [&](double actual, long double expected) {
        return rounding > 0.01 || near(static_cast<double>(actual / expected), 1, rounding);
      };
      if (log_f < -1e-12)
        CHECK(relative(below[count + 1].at(j), std::exp(static_cast<long double>(log_p) - log_f)));
      if (log_s < -1e-12)
        CHECK(relative(above[count + 1].at(j), -std::exp(static_cast<long double>(log_p) - log_s)));
      if (std::min(log_f, log_s) < std::log(1e-6)) continue;
      for_each_element(c.parameters, [&](std::size_t k, Index i) {
        CAPTURE(k);
        const long double slope =
            derivative(c, c.parameters, k, i, [&](const Parameters& p) { return c.row.cdf(p, x); });
        const long double length = length_of(c, k);
        const double size = static_cast<double>(c.parameters[k].size());
        const auto element = [&](const std::vector<Tensor>& g) {
          return g[k + 1].view<double>()[static_cast<std::size_t>(j * static_cast<Index>(size) + i)];
        };
        CHECK(near(static_cast<double>(element(below) * length),
                   slope * length / std::exp(static_cast<long double>(log_f)), 1e-6));
        CHECK(near(static_cast<double>(element(above) * length),
                   -slope * length / std::exp(static_cast<long double>(log_s)), 1e-6));
      });
    }
  });
}

}  // namespace tapir::vi::test
