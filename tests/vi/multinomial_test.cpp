// Multinomial: its row, its errors, large totals, draws; of two categories, and of a batch.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/multinomial.hpp>

#include <doctest/doctest.h>

#include <tapir/vi/distributions/binomial.hpp>
#include <tapir/vi/distributions/categorical.hpp>
#include <tapir/vi/kl.hpp>

#include "compositions.hpp"
#include "matrices.hpp"

namespace tapir::vi::test {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
using Numbers = std::vector<double>;

// By sums of logarithms; -inf for another total than the law's.
long double log_density(const Parameters& p, const Point& x) {
  long double all = 0, y = 0, i = 1;
  for (double l : numbers(p[1])) all += std::exp(static_cast<long double>(l));
  for (std::size_t k = 0; k < x.size(); ++k)
    for (double j = 1; j <= x[k]; ++j, ++i)
      y += std::log(i / j) + p[1].at(static_cast<Index>(k)) - std::log(all);
  return i == p[0].item() + 1 ? y : -infinity;
}

Parameters parameters(double total, const Numbers& logits) { return {Tensor(total), column(logits)}; }

const ListedVector row{
    {.name = "Multinomial",
     .make = [](const std::vector<Var>& p) { return Multinomial{.total_count = p[0], .logits = p[1]}; },
     .cases = {parameters(5, {0.3, -1, 0.5}), parameters(5, {0, 0, 0}), parameters(6, {5, -2, 1}),
               parameters(6, {-30, 0.25, 0}), parameters(0, {1, 2, 3}), parameters(40, {1, 0.5})},
     .extremes = {parameters(1000, {0.3, -1, 0.5}), parameters(1000, {0, -30, 1})},
     .log_prob = log_density,
     .points = [](const Parameters& p) { return some_counts(p[0].item(), p[1].size()); },
     .values = [](const Parameters& p) { return all_counts(p[0].item(), p[1].size()); },
     .outside = no_counts_of(5),
     .random =
         [](std::mt19937_64& noise) {
           return parameters(std::uniform_int_distribution<int>(0, 50)(noise),
                             numbers(random_vector(3, noise)));
         }}};

}  // namespace

TEST_CASE("Multinomial: errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(Multinomial{-1, column({0, 1})}).check(at);
        }) == "[Multinomial] total_count is -1, needs to be a whole number in [0, 9007199254740992] (at "
              "model.cpp:7)");
  CHECK(error_of([&] {
          Multinomial::probs(3, {column({-0.5, 1, 0.5}), at});
        }) == "[Multinomial] probs is -0.5 at [0] of f64[3], needs to lie in [0, 1] (at model.cpp:7)");
  CHECK(error_of([&] {
          Multinomial{3, Tensor(0.5)}.count(at);
        }) == "[Multinomial] logits f64[] has no axis to consume; a value needs 1 (at model.cpp:7)");
  CHECK(error_of([&] {
          Multinomial{3, column({1, 1, 2})}.log_prob({column({1, 2}), at});
        }) == "[Multinomial] x is f64[2]; its last axis has to be of 3 (at model.cpp:7)");
  CHECK(error_of([&] {
          kl(Multinomial{3, column({1, 1, 2})}, Multinomial{3, column({1, 1})}, at);
        }) == "[kl] Multinomials over 3 and 2 categories (at model.cpp:7)");
}

// mpmath, 60 digits: loggamma of the formula in the header.
TEST_CASE("Multinomial: log_prob keeps 1e-12 for totals of 1e6") {
  struct Checked {
    Numbers logits, x;
    double expected;
  };
  const Checked points[] = {
      {{0.29999999999999999, -1, 0.5}, {400000, 110000, 490000}, -17.361079588230468891},
      {{0.29999999999999999, -1, 0.5}, {1000000, 0, 0}, -913861.60440916673844},
      {{0, -30, -20}, {999990, 0, 10}, -76.951413240771818805},
      {{5, -2, 1}, {981000, 900, 18100}, -10.624763214001120439},
  };
  for (const auto& [logits, x, expected] : points)
    CHECK(near(Multinomial{1e6, column(logits)}.log_prob(column(x)).item(), expected, 1e-12));
}

TEST_CASE("Multinomial: draws over all values") {
  for (const Numbers& l : {Numbers{0.3, -1, 0.5}, {5, -2, 1}, {-30, 0.25, 0}})
    check_draws_of_counts(Multinomial{6, column(l)}, 6, 3);
  check_draws_of_counts(Multinomial{4, column({0.5, -infinity, 1, -1})}, 4, 4);
  check_draws_of_counts(Multinomial{40, column({1, 0.5})}, 40, 2);
}

TEST_CASE("Multinomial: an excluded category has no counts") {
  CHECK(Multinomial{3, column({0, -infinity, 0})}.log_prob(column({1, 1, 1})).item() == -infinity);
  CHECK(std::isfinite(Multinomial{3, column({0, -infinity, 0})}.log_prob(column({1, 0, 2})).item()));
}

TEST_CASE("Multinomial: of two categories it is Binomial, with its divergence") {
  const Distribution two = Multinomial{9, column({0.5, 0})}, other = Multinomial{9, column({-1, 0})};
  const Distribution one = Binomial{9, 0.5}, another = Binomial{9, -1};
  CHECK(near(two.log_prob(column({3, 6})).item(), one.log_prob(3.0).item(), 1e-13));
  CHECK(near(kl(two, other)->item(), kl(one, another)->item(), 1e-13));
  CHECK(kl(two, two)->item() == 0);
  CHECK(kl(two, Multinomial{10, column({0.5, 0})})->item() == infinity);
  const Categorical p{column({0.3, -1, 0.5})}, q{column({0, 0.5, -infinity})};
  CHECK(near(kl(Multinomial{7, q.logits}, Multinomial{7, p.logits}).item(), 7 * kl(q, p).item(), 1e-13));
  CHECK(kl(Multinomial{7, p.logits}, Multinomial{7, q.logits}).item() == infinity);
}

TEST_CASE("Multinomial: totals and logits of a batch, in the logits' dtype, recorded or not") {
  const Tensor totals = column({0, 5, 9}).cast(f32), logits = column({0.1, 0.7}).cast(f32);
  const Multinomial law{totals, logits};
  const Var x = law.sample(Key(2), {4, 3});
  CHECK(x.type() == Type{f32, {4, 3, 2}});
  CHECK(law.log_prob(x).shape() == Shape{4, 3});
  CHECK(law.mean().shape() == Shape{3, 2});
  const PlateAxis plates[]{{"rows", 3}, {"columns", 4}};
  const Aligned placed = Distribution(law).aligned(plates);
  CHECK(placed.value_shape() == Shape{3, 4, 2});
  CHECK(placed.log_prob(placed.sample(Key(1))).shape() == Shape{3, 4});
  const auto recorded = run_recorded({totals, logits}, [](const std::vector<Var>& v) -> std::vector<Var> {
    return {Multinomial{v[0], v[1]}.sample(Key(2), {4, 3})};
  });
  CHECK(identical(recorded[0], x.tensor()));
}

}  // namespace tapir::vi::test
