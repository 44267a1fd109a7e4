// DirichletMultinomial: its row, its errors, large totals, draws; of two categories.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/dirichlet_multinomial.hpp>

#include <doctest/doctest.h>

#include <tapir/vi/distributions/beta_binomial.hpp>

#include "compositions.hpp"
#include "matrices.hpp"

namespace tapir::vi::test {
namespace {

using Numbers = std::vector<double>;
constexpr double infinity = std::numeric_limits<double>::infinity();

// Draw by draw: the probability of a kind is what there is of it by then. -inf for another total.
long double log_density(const Parameters& p, const Point& x) {
  long double all = 0, y = 0, i = 0;
  for (double e : numbers(p[0])) all += e;
  for (std::size_t k = 0; k < x.size(); ++k)
    for (double j = 0; j < x[k]; ++j, ++i)
      y += std::log((i + 1) / (j + 1.0L)) + std::log((p[0].at(static_cast<Index>(k)) + j * 1.0L) / (all + i));
  return i == p[1].item() ? y : -infinity;
}

Parameters parameters(const Numbers& concentration, double total) {
  return {column(concentration), Tensor(total)};
}

const ListedVector row{
    {.name = "DirichletMultinomial",
     .make =
         [](const std::vector<Var>& p) {
           return DirichletMultinomial{.concentration = p[0], .total_count = p[1]};
         },
     .cases = {parameters({2.5, 1.5, 4}, 5), parameters({0.7, 1.2, 3}, 6), parameters({1, 1, 1}, 5),
               parameters({40, 12, 9.9}, 6), parameters({1e-3, 2, 1e-3}, 6), parameters({2, 1}, 0)},
     .extremes = {parameters({2.5, 1.5, 4}, 1000), parameters({1e6, 2e6, 1e6}, 100),
                  parameters({1e-3, 2, 1e-3}, 1000)},
     .log_prob = log_density,
     .points = [](const Parameters& p) { return some_counts(p[1].item(), p[0].size()); },
     .values = [](const Parameters& p) { return all_counts(p[1].item(), p[0].size()); },
     .outside = no_counts_of(5),
     .random =
         [](std::mt19937_64& noise) {
           Numbers a;
           for (int i = 0; i < 3; ++i) a.push_back(random_positive(noise));
           return parameters(a, std::uniform_int_distribution<int>(0, 50)(noise));
         }}};

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

// mpmath, 60 digits: loggamma of the formula in the header.
TEST_CASE("DirichletMultinomial: log_prob keeps 1e-12 for totals of 1e6") {
  struct Checked {
    Numbers a, x;
    double expected;
  };
  const Checked points[] = {
      {{2.5, 1.5, 4}, {400000, 110000, 490000}, -25.679650733455779558},
      {{1000000, 2000000, 1000000}, {250300, 499000, 250700}, -15.872555333757696373},
      {{0.001, 2, 0.001}, {0, 1000000, 0}, -0.026784166118085100012},
      {{0.001, 1000000, 0.001}, {3, 999997, 0}, -10.085696028816218086},
  };
  for (const auto& [a, x, expected] : points)
    CHECK(near(DirichletMultinomial{column(a), 1e6}.log_prob(column(x)).item(), expected, 1e-12));
}

TEST_CASE("DirichletMultinomial: draws over all values") {
  for (const Numbers& a : {Numbers{2.5, 1.5, 4}, {0.7, 1.2, 3}, {40, 12, 9.9}, {1e-3, 2, 1e-3}})
    check_draws_of_counts(DirichletMultinomial{column(a), 6}, 6, 3);
}

TEST_CASE("DirichletMultinomial: of two categories it is BetaBinomial") {
  const Distribution two = DirichletMultinomial{column({2.5, 0.8}), 9}, one = BetaBinomial{2.5, 0.8, 9};
  CHECK(near(two.log_prob(column({3, 6})).item(), one.log_prob(3.0).item(), 1e-13));
  CHECK(near(two.mean()->tensor().at(0), one.mean()->item(), 1e-14));
  CHECK(near(two.variance()->tensor().at(0), one.variance()->item(), 1e-14));
}

}  // namespace tapir::vi::test
