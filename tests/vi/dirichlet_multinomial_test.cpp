// DirichletMultinomial: its facets, since the suite is one of numbers; its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/dirichlet_multinomial.hpp>

#include <doctest/doctest.h>

#include <tapir/vi/distributions/beta_binomial.hpp>

#include "compositions.hpp"
#include "shown_law.hpp"

namespace tapir::vi::test {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
using Numbers = std::vector<double>;

const Shown shown{{.make =
                       [](const std::vector<Var>& p) {
                         return DirichletMultinomial{.concentration = p[0], .total_count = p[1]};
                       },
                   .parameters = {column({2.5, 1.5, 4}), Tensor(5.0)}}};

// Draw by draw: the probability of a kind is what there is of it by then.
long double log_density(const Numbers& a, const Numbers& x) {
  long double all = 0, y = 0, i = 0;
  for (double e : a) all += e;
  for (std::size_t k = 0; k < x.size(); ++k)
    for (double j = 0; j < x[k]; ++j, ++i)
      y += std::log((i + 1) / (j + 1.0L)) + std::log((a[k] + j * 1.0L) / (all + i));
  return y;
}

const std::vector<Numbers> cases{{2.5, 1.5, 4}, {0.7, 1.2, 3}, {1, 1, 1}, {40, 12, 9.9}, {1e-3, 2, 1e-3}};

}  // namespace

TEST_CASE("DirichletMultinomial: errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(DirichletMultinomial{column({1, 0, 2}), 3}).check(at);
        }) ==
        "[DirichletMultinomial] concentration is 0 at [1] of f64[3], needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(DirichletMultinomial{column({1, 2}), 0.5}).check(at);
        }) ==
        "[DirichletMultinomial] total_count is 0.5, needs to be a whole number in [0, 9007199254740992] (at "
        "model.cpp:7)");
  CHECK(error_of([&] {
          DirichletMultinomial{column({1, 1, 2}), 3}.log_prob({column({1, 0}), at});
        }) == "[DirichletMultinomial] x is f64[2]; its last axis has to be of 3 (at model.cpp:7)");
}

TEST_CASE("DirichletMultinomial: log_prob is the formula's to 1e-12 in f64 and 1e-5 in f32") {
  auto all = cases;
  all.push_back({1e6, 2e6, 1e6});
  for (DType dtype : {f64, f32})
    for (const Numbers& a : all)
      for (const Numbers& x : {Numbers{0, 0, 0}, {1, 0, 0}, {3, 4, 5}, {0, 60, 40}, {700, 100, 200}}) {
        const Tensor given = column(a).cast(dtype);
        const Var total = Tensor(x[0] + x[1] + x[2]).cast(dtype);
        const double y = DirichletMultinomial{given, total}.log_prob(column(x).cast(dtype)).item();
        CHECK(near(y, log_density(numbers(given), x), dtype == f64 ? 1e-12 : 1e-5));
      }
}

// mpmath, 60 digits: loggamma of the formula in the header.
TEST_CASE("DirichletMultinomial: log_prob keeps 1e-12 for totals of 1e6") {
  struct Point {
    Numbers a, x;
    double expected;
  };
  const Point points[] = {
      {{2.5, 1.5, 4}, {400000, 110000, 490000}, -25.679650733455779558},
      {{1000000, 2000000, 1000000}, {250300, 499000, 250700}, -15.872555333757696373},
      {{0.001, 2, 0.001}, {0, 1000000, 0}, -0.026784166118085100012},
      {{0.001, 1000000, 0.001}, {3, 999997, 0}, -10.085696028816218086},
  };
  for (const auto& [a, x, expected] : points)
    CHECK(near(DirichletMultinomial{column(a), 1e6}.log_prob(column(x)).item(), expected, 1e-12));
}

TEST_CASE("DirichletMultinomial: probabilities, moments and draws over all values") {
  for (const Numbers& a : cases) check_law_of_counts(DirichletMultinomial{column(a), 6}, 6, 3);
}

TEST_CASE("DirichletMultinomial: of two categories it is BetaBinomial") {
  const Distribution two = DirichletMultinomial{column({2.5, 0.8}), 9}, one = BetaBinomial{2.5, 0.8, 9};
  CHECK(near(two.log_prob(column({3, 6})).item(), one.log_prob(3.0).item(), 1e-13));
  CHECK(near(two.mean()->tensor().at(0), one.mean()->item(), 1e-14));
  CHECK(near(two.variance()->tensor().at(0), one.variance()->item(), 1e-14));
}

TEST_CASE("DirichletMultinomial: what is no vector of counts of its sum is outside, and leaves no NaN in a "
          "gradient") {
  const auto results = value_and_gradients({column({2, 1, 0.5})}, [](const std::vector<Var>& v) {
    return DirichletMultinomial{v[0], 3}.log_prob(no_counts_of(3));
  });
  for (double y : numbers(DirichletMultinomial{column({2, 1, 0.5}), 3}.log_prob(no_counts_of(3))))
    CHECK(y == -infinity);
  CHECK(numbers(results[1]) == Numbers{0, 0, 0});
}

TEST_CASE("DirichletMultinomial: derivatives of log_prob are those of the formula") {
  const Numbers a{2.5, 0.7, 30}, x{7, 0, 20};
  const auto results = value_and_gradients({column(a)}, [&](const std::vector<Var>& v) {
    return DirichletMultinomial{v[0], 27}.log_prob(column(x));
  });
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto at = [&](long double e) {
      Numbers b = a;
      b[i] = static_cast<double>(e);
      return log_density(b, x);
    };
    CHECK(near(results[1].at(static_cast<Index>(i)), central_difference(at, a[i], 0x1p-10L), 1e-9));
  }
}

TEST_CASE("DirichletMultinomial: a concentration of 1e-3 leaves no NaN, in draws or gradients") {
  for (DType dtype : {f64, f32}) {
    const Tensor a = column({1e-3, 1e-3, 1e-3}).cast(dtype);
    const Var x = DirichletMultinomial{a, 50}.sample(Key(1), {1000});
    CHECK(x.type() == Type{dtype, {1000, 3}});
    const auto results = value_and_gradients({a}, [&](const std::vector<Var>& p) {
      return DirichletMultinomial{p[0], 50}.log_prob(x);
    });
    for (const Tensor& result : results)
      for (double g : numbers(result)) CHECK(std::isfinite(g));
  }
}

}  // namespace tapir::vi::test
