// Multinomial: its facets, since the suite is one of numbers; its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/multinomial.hpp>

#include <doctest/doctest.h>

#include <tapir/vi/distributions/binomial.hpp>
#include <tapir/vi/distributions/categorical.hpp>
#include <tapir/vi/kl.hpp>

#include "compositions.hpp"
#include "shown_law.hpp"

namespace tapir::vi::test {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
using Numbers = std::vector<double>;

const Shown shown{
    {.make = [](const std::vector<Var>& p) { return Multinomial{.total_count = p[0], .logits = p[1]}; },
     .parameters = {Tensor(5.0), column({0.3, -1, 0.5})}}};

// By sums of logarithms.
long double log_density(const Numbers& logits, const Numbers& x) {
  long double all = 0, y = 0, i = 1;
  for (double l : logits) all += std::exp(static_cast<long double>(l));
  for (std::size_t k = 0; k < x.size(); ++k)
    for (double j = 1; j <= x[k]; ++j, ++i) y += std::log(i / j) + logits[k] - std::log(all);
  return y;
}

const std::vector<Numbers> cases{{0.3, -1, 0.5}, {0, 0, 0}, {5, -2, 1}, {-30, 0.25, 0}};

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

TEST_CASE("Multinomial: log_prob is the formula's to 1e-12 in f64 and 1e-5 in f32") {
  for (DType dtype : {f64, f32})
    for (const Numbers& l : cases)
      for (const Numbers& x : {Numbers{0, 0, 0}, {1, 0, 0}, {3, 4, 5}, {0, 60, 40}, {700, 100, 200}}) {
        const Tensor logits = column(l).cast(dtype);
        const Var total = Tensor(x[0] + x[1] + x[2]).cast(dtype);
        const double y = Multinomial{total, logits}.log_prob(column(x).cast(dtype)).item();
        CHECK(near(y, log_density(numbers(logits), x), dtype == f64 ? 1e-12 : 1e-5));
      }
}

// mpmath, 60 digits: loggamma of the formula in the header.
TEST_CASE("Multinomial: log_prob keeps 1e-12 for totals of 1e6") {
  struct Point {
    Numbers logits, x;
    double expected;
  };
  const Point points[] = {
      {{0.29999999999999999, -1, 0.5}, {400000, 110000, 490000}, -17.361079588230468891},
      {{0.29999999999999999, -1, 0.5}, {1000000, 0, 0}, -913861.60440916673844},
      {{0, -30, -20}, {999990, 0, 10}, -76.951413240771818805},
      {{5, -2, 1}, {981000, 900, 18100}, -10.624763214001120439},
  };
  for (const auto& [logits, x, expected] : points)
    CHECK(near(Multinomial{1e6, column(logits)}.log_prob(column(x)).item(), expected, 1e-12));
}

TEST_CASE("Multinomial: probabilities, moments and draws over all values") {
  for (const Numbers& l : cases) check_law_of_counts(Multinomial{6, column(l)}, 6, 3);
  check_law_of_counts(Multinomial{4, column({0.5, -infinity, 1, -1})}, 4, 4);
  check_law_of_counts(Multinomial{40, column({1, 0.5})}, 40, 2);
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

TEST_CASE("Multinomial: what is no vector of counts of its sum is outside, and leaves no NaN in a gradient") {
  const auto results = value_and_gradients({column({0.3, 1, -2})}, [](const std::vector<Var>& v) {
    return Multinomial{3, v[0]}.log_prob(no_counts_of(3));
  });
  for (double y : numbers(Multinomial{3, column({0.3, 1, -2})}.log_prob(no_counts_of(3))))
    CHECK(y == -infinity);
  CHECK(numbers(results[1]) == Numbers{0, 0, 0});
  CHECK(Multinomial{3, column({0, -infinity, 0})}.log_prob(column({1, 1, 1})).item() == -infinity);
  CHECK(std::isfinite(Multinomial{3, column({0, -infinity, 0})}.log_prob(column({1, 0, 2})).item()));
}

TEST_CASE("Multinomial: the gradient of log_prob by the logits is x - total_count softmax(logits)") {
  const auto results = value_and_gradients({column({0.5, -1, 2})}, [](const std::vector<Var>& v) {
    return Multinomial{7, v[0]}.log_prob(column({0, 3, 4}));
  });
  const double total = std::exp(0.5) + std::exp(-1) + std::exp(2), x[] = {0, 3, 4}, l[] = {0.5, -1, 2};
  for (Index i = 0; i < 3; ++i) CHECK(near(results[1].at(i), x[i] - 7 * std::exp(l[i]) / total, 1e-13));
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
