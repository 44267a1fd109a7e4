// Dirichlet: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/dirichlet.hpp>

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <doctest/doctest.h>

#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/beta.hpp>
#include <tapir/vi/kl.hpp>

#include "matrices.hpp"
#include "vector_case.hpp"

namespace tapir::vi::test {
namespace {

long double log_density(const Parameters& p, const Point& x) {
  const Point a = vector_of(p[0]);
  long double total = 0, sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!(x[i] > 0)) return -INFINITY;
    total += a[i];
    sum += (a[i] - 1) * std::log(x[i]) - boost::math::lgamma(a[i]);
  }
  return sum + boost::math::lgamma(total);
}

std::vector<Point> points_at(const Parameters& p) {
  if (p[0].size() == 2) return {{0.25, 0.75}, {0x1p-20, 1 - 0x1p-20}, {0.9375, 0.0625}, {0.5, 0.5}};
  return {{0.25, 0.5, 0.25},
          {0.125, 0.375, 0.5},
          {0x1p-20, 0.5, 0.5 - 0x1p-20},
          {0.75, 0x1p-10, 0.25 - 0x1p-10},
          {0x1p-14, 0x1p-14, 1 - 0x1p-13}};
}

long double first_cdf(const Parameters& p, double x) {
  double rest = 0;
  for (Index i = 1; i < p[0].size(); ++i) rest += p[0].at(i);
  return boost::math::ibeta(p[0].at(0), rest, x);
}

const ListedVector row{
    {.name = "Dirichlet",
     .make = [](const std::vector<Var>& p) { return Dirichlet{.concentration = p[0]}; },
     .cases = {{column({2.5, 1.5, 4})},
               {column({0.7, 1.2})},
               {column({0.7, 1.2, 3})},
               {column({1, 1, 1})},
               {column({40, 12, 9.9})}},
     .extremes = {{column({1e-3, 2, 1e-3})}, {column({1e6, 2e6, 1e6})}},
     .log_prob = log_density,
     .points = points_at,
     .outside = {{0, 0.5, 0.5}, {0.5, 0.6, 0.5}, {-0.5, 1, 0.5}, {1, 0, 0}},
     .projections = {{[](const Parameters&, const Point& x) { return static_cast<double>(x[0]); },
                      first_cdf}},
     .random =
         [](std::mt19937_64& noise) {
           return Parameters{
               column({random_positive(noise), random_positive(noise), random_positive(noise)})};
         }}};

}  // namespace

TEST_CASE("Dirichlet: errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(Dirichlet{column({1, 0, 2})}).check(at);
        }) == "[Dirichlet] concentration is 0 at [1] of f64[3], needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] { Dirichlet{Tensor(0.5)}.count(at); }) ==
        "[Dirichlet] concentration f64[] has no axis to consume; a value needs 1 (at model.cpp:7)");
  CHECK(error_of([&] {
          Dirichlet{column({1, 1, 2})}.log_prob({column({1, 0}), at});
        }) == "[Dirichlet] x is f64[2]; its last axis has to be of 3 (at model.cpp:7)");
  CHECK(error_of([&] {
          kl(Dirichlet{column({1, 1, 2})}, Dirichlet{column({1, 1})}, at);
        }) == "[kl] Dirichlets over 3 and 2 categories (at model.cpp:7)");
}

TEST_CASE("Dirichlet: of two categories it is Beta, with its moments, entropy and divergence") {
  const Distribution two = Dirichlet{column({2.5, 0.8})}, other = Dirichlet{column({1.2, 3})};
  const Distribution one = Beta{2.5, 0.8}, another = Beta{1.2, 3};
  CHECK(two.own_shape() == Shape{2});
  CHECK(near(two.log_prob(column({0.3, 0.7})).item(), one.log_prob(0.3).item(), 1e-13));
  CHECK(near(two.mean()->tensor().at(0), one.mean()->item(), 1e-14));
  CHECK(near(two.variance()->tensor().at(0), one.variance()->item(), 1e-14));
  CHECK(near(two.entropy()->item(), one.entropy()->item(), 1e-13));
  CHECK(near(kl(two, other)->item(), kl(one, another)->item(), 1e-13));
  CHECK(kl(two, two)->item() == 0);
}

TEST_CASE("Dirichlet: a concentration of 1e-3 neither underflows nor leaves a NaN") {
  for (DType dtype : {f64, f32}) {
    const Tensor a = column({1e-3, 1e-3, 1e-3}).cast(dtype);
    const auto results = value_and_gradients(
        {a}, [](const std::vector<Var>& p) { return square(Dirichlet{p[0]}.sample(Key(1), {1000})); });
    for (double g : numbers(results[1])) CHECK(std::isfinite(g));
    const Var x = Dirichlet{a}.sample(Key(1), {1000});
    for (double e : numbers(x)) CHECK((e > 0 && e < 1));
    for (double y : numbers(Dirichlet{a}.log_prob(x))) CHECK(std::isfinite(y));
  }
}

// Seeds are fixed. A new one would fail one of 12 comparisons in 16 000 each.
TEST_CASE("Dirichlet: at small concentrations pathwise gradients of second moments are the closed forms'") {
  constexpr Index n = 400000;
  for (const Tensor& a : {column({1e-2, 2e-2, 0.5}), column({1e-3, 3e-3, 2e-3})})
    for (const Index other : {0, 1}) {
      const auto results = value_and_gradients(repeated({a}, n), [&](const std::vector<Var>& p) {
        const Var z = Dirichlet{p[0]}.sample(Key(15), {n});
        return slice(z, -1, 0, 1) * slice(z, -1, other, other + 1);
      });
      const auto moment = [&](const Point& at) {
        const long double total = at[0] + at[1] + at[2];
        return at[0] * (other == 0 ? at[0] + 1 : at[1]) / (total * (total + 1));
      };
      for (Index k = 0; k < 3; ++k) {
        const long double expected = central_difference(
            [&](long double to) {
              Point moved = vector_of(a);
              moved[static_cast<std::size_t>(k)] = to;
              return moment(moved);
            },
            a.at(k), a.at(k) * 0x1p-10);
        CAPTURE(other);
        CAPTURE(k);
        CHECK(std::abs(score_of(elements_at(results[1], n, k), expected)) < 4);
      }
    }
}

}  // namespace tapir::vi::test
