// Independent: batch axes as own axes.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/independent.hpp>

#include <doctest/doctest.h>

#include <tapir/vi/distributions/distributions.hpp>
#include <tapir/vi/kl.hpp>

#include "matrices.hpp"
#include "recorded_run.hpp"
#include "vector_suite.hpp"

namespace tapir::vi::test {
namespace {

const ListedVector row{
    {.name = "Independent Normals",
     .make = [](const std::vector<Var>& p) { return Independent(Normal{.loc = p[0], .scale = p[1]}, 1); },
     .cases = {{column({0.5, 1}), column({1, 2})},
               {column({-1, 0.25, 2}), column({0.5, 1.5, 0.7})},
               {column({-3, 0}), column({0.1, 10})}},
     .extremes = {{column({0, 0}), column({1e-30, 1e30})}},
     .log_prob =
         [](const Parameters& p, const Point& x) {
           long double total = 0;
           for (std::size_t i = 0; i < x.size(); ++i) {
             const auto at = static_cast<Index>(i);
             const long double z = (x[i] - p[0].at(at)) / p[1].at(at);
             total -= z * z / 2 + std::log(static_cast<long double>(p[1].at(at))) + log_2pi / 2;
           }
           return total;
         },
     .points =
         [](const Parameters& p) {
           Matrix scales(static_cast<std::size_t>(p[1].size()), Point(static_cast<std::size_t>(p[1].size())));
           for (std::size_t i = 0; i < scales.size(); ++i) scales[i][i] = p[1].at(static_cast<Index>(i));
           return points_about(vector_of(p[0]), scales);
         },
     .outside = {{0, INFINITY}, {-INFINITY, 1}},
     .projections = {{[](const Parameters&, const Point& x) { return static_cast<double>(x[1]); },
                      [](const Parameters& p, double x) -> long double {
                        return std::erfc((p[0].at(1) - x) / (p[1].at(1) * std::sqrt(2.0L))) / 2;
                      }}},
     .random =
         [](std::mt19937_64& noise) {
           return Parameters{random_vector(3, noise), column({random_positive(noise), random_positive(noise),
                                                              random_positive(noise)})};
         }}};

const Tensor loc({2, 3}, {0., 1., 2., 3., 4., 5.});

}  // namespace

TEST_CASE("Independent: draws are the law's, densities and entropies its sums") {
  const Normal each{.loc = loc, .scale = 0.5};
  const Distribution law = Independent(each, 1);
  CHECK(law.own_shape() == Shape{3});
  CHECK(law.batch_shape() == Shape{2});
  CHECK(law.is_pathwise());
  const Var z = law.sample(Key(1), {4, 2});
  CHECK(identical(z.tensor(), each.sample(Key(1), {4, 2, 3}).tensor()));
  CHECK(identical(law.log_prob(z).tensor(), sum(each.log_prob(z), {-1}).tensor()));
  CHECK(identical(law.mean()->tensor(), loc));
  for (double entropy : numbers(*law.entropy()))
    CHECK(near(entropy, 3 * Normal{0, 0.5}.entropy().item(), 1e-14));
  CHECK(numbers(*law.entropy()).size() == 2);
}

TEST_CASE("Independent: divergences are those of the elements, also to iid") {
  const Distribution p = Independent(Normal{.loc = loc, .scale = 0.5}, 1);
  const Distribution q = iid(Normal{0, 1}, {3});
  const auto divergence = kl(p, q);
  REQUIRE(divergence);
  const auto terms = sum(kl(Normal{.loc = loc, .scale = 0.5}, Normal{0, 1}), {-1});
  CHECK(identical(divergence->tensor(), terms.tensor()));
}

TEST_CASE("Independent: errors") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] { Independent(Normal{}, 1, at); }) ==
        "[Independent] Normal has batch shape [], 1 axis of it becomes a value's own (at model.cpp:7)");
  CHECK(error_of([&] {
          Independent(Normal{loc, 1}, 1).log_prob({column({1, 2}), at});
        }) == "[Independent] x is f64[2]; its last axes have to be [3] (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(Independent(Normal{loc, -1}, 1)).check(at);
        }) == "[Independent] scale is -1 at [0] of f64[1], needs to be positive (at model.cpp:7)");
}

}  // namespace tapir::vi::test
