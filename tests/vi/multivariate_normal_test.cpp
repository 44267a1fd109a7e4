// MultivariateNormal: its row, its matrices, its axes, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/multivariate_normal.hpp>

#include <limits>

#include <doctest/doctest.h>

#include <tapir/autodiff/ops/linalg.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/iid.hpp>
#include <tapir/vi/distributions/normal.hpp>
#include <tapir/vi/kl.hpp>

#include "matrices.hpp"
#include "vector_case.hpp"

namespace tapir::vi::test {
namespace {

using Law = MultivariateNormal;

constexpr double infinity = std::numeric_limits<double>::infinity();

// By the inverse of the factor, row by row.
long double log_density(const Parameters& p, const Point& x) {
  const Inverse inverse = inverse_of(matrix_of(p[1]));
  Point centred = vector_of(p[0]);
  for (std::size_t i = 0; i < x.size(); ++i) centred[i] = x[i] - centred[i];
  const auto n = static_cast<long double>(x.size());
  return -inverse.log_det - (squared_norm(applied(inverse.matrix, centred)) + n * log_2pi) / 2;
}

const std::vector<Parameters> cases{
    {column({0.1, -0.2}), square_of(2, {1, 0, 0.6, 1.5})},
    {column({-2.5}), square_of(1, {0.3})},
    {column({0.3, -1, 0.5}), square_of(3, {0.7, 0, 0, -0.4, 1.3, 0, 0.2, 0.5, 0.9})},
    {column({0, 0}), square_of(2, {1, 0, 0.9999, 0.0141})},
    {column({1, 0, -0.5}), square_of(3, {1.5, 0, 0, 0.3, 0.4, 0, -1, 0.2, 2})},
    {column({0, 0, 0, 0, 0}),
     square_of(5, {1.0, 0, 0, 0, 0, 0.5, 2, 0, 0, 0, -1, 0.3, 0.1, 0, 0, 3, 1, 1, 1, 0, 0.1, 0, 0.2, 0, 4})}};

const std::vector<Parameters> extremes{
    {column({0, 0, 0}), square_of(3, {1, 0, 0, 1, 1e-5, 0, 1, 1e-5, 1e-6})},
    {column({1e-30, 0, -2e-30}), square_of(3, {1e-30, 0, 0, 2e-31, 3e-30, 0, -1e-30, 0, 1e-29})},
    {column({1, 1e8, 0}), square_of(3, {1e-3, 0, 0, 5, 1e5, 0, 1e6, -3e7, 1e9})}};

Tensor rounded_point(const Point& x) { return column({x.begin(), x.end()}); }

std::vector<Point> points_at(const Parameters& p) { return points_about(vector_of(p[0]), matrix_of(p[1])); }

// Gaussian.
double combined(const Point& x) { return static_cast<double>(2 * x.front() - x.back()); }

long double combined_cdf(const Parameters& p, double x) {
  const Matrix l = matrix_of(p[1]);
  long double variance = 0;
  for (std::size_t j = 0; j < l.size(); ++j) variance += std::pow(2 * l.front()[j] - l.back()[j], 2.0L);
  return std::erfc((combined(vector_of(p[0])) - x) / std::sqrt(2 * variance)) / 2;
}

const ListedVector row{
    {.name = "MultivariateNormal",
     .make = [](const std::vector<Var>& p) { return Law{.loc = p[0], .scale_tril = p[1]}; },
     .cases = cases,
     .extremes = extremes,
     .log_prob = log_density,
     .points = points_at,
     .outside = {{1, infinity}, {-infinity, infinity}},
     .condition = [](const Parameters& p, DType) { return condition_of(matrix_of(p[1])); },
     .projections = {{[](const Parameters&, const Point& x) { return combined(x); }, combined_cdf}},
     .random =
         [](std::mt19937_64& noise) {
           return Parameters{random_vector(3, noise), random_factor(3, noise)};
         }}};

}  // namespace

TEST_CASE("MultivariateNormal: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  const Tensor two = column({0, 0});
  const auto error_at = [&](const auto& make) { return error_of([&] { Distribution(make()).check(at); }); };
  CHECK(error_at([&] {
          return Law{two, square_of(2, {1, 0, 1, 0})};
        }) ==
        "[MultivariateNormal] scale_tril is 0 at [1,1] of f64[2,2], needs to be positive on the diagonal "
        "(at model.cpp:7)");
  CHECK(error_at([&] {
          return Law{two, square_of(2, {1, 0.5, 1, 1})};
        }) == "[MultivariateNormal] scale_tril is 0.5 at [0,1] of f64[2,2], needs to be 0 above the diagonal "
              "(at model.cpp:7)");
  CHECK(error_at([&] {
          return Law{column({0, infinity}), square_of(2, {1, 0, 1, 1})};
        }) == "[MultivariateNormal] loc is inf at [1] of f64[2], needs to be finite (at model.cpp:7)");
  CHECK(error_of([&] {
          (void)Law{column({0, 0, 0}), square_of(2, {1, 0, 1, 1})}.count(at);
        }) ==
        "[MultivariateNormal] loc is f64[3], scale_tril is f64[2,2]; it has to be of 3 rows and columns "
        "(at model.cpp:7)");
  CHECK(error_of([&] {
          (void)Law{column({0}), square_of(2, {1, 0, 1, 1})}.count(at);
        }) ==
        "[MultivariateNormal] loc is f64[1], scale_tril is f64[2,2]; it has to be of 1 rows and columns "
        "(at model.cpp:7)");
  CHECK(error_of([&] {
          (void)Law{Tensor(0.5), square_of(2, {1, 0, 1, 1})}.count(at);
        }) == "[MultivariateNormal] loc f64[] has no axis to consume; a value needs 1 (at model.cpp:7)");
  CHECK(error_of([&] {
          (void)Law{two, two}.count(at);
        }) == "[MultivariateNormal] scale_tril f64[2] has too few axes to consume; a value needs 2 "
              "(at model.cpp:7)");
  CHECK(error_of([&] {
          (void)Law{two, square_of(2, {1, 0, 1, 1})}.log_prob({column({1, 2, 3}), at});
        }) == "[MultivariateNormal] x is f64[3]; its last axis has to be of 2 (at model.cpp:7)");
}

TEST_CASE("MultivariateNormal: a covariance or precision that is none is an error") {
  const Where at{"model.cpp", 7};
  const Tensor two = column({0, 0});
  CHECK(error_of([&] {
          (void)Law::covariance(two, {square_of(2, {1, 2, 2, 1}), at});
        }) == "[MultivariateNormal] covariance is not positive definite (at model.cpp:7)");
  CHECK(error_of([&] {
          (void)Law::covariance(two, {square_of(2, {1, 2, 1, 5}), at});
        }) == "[MultivariateNormal] covariance is 2 at [0,1] of f64[2,2], needs to be 1 as its mirror image "
              "(at model.cpp:7)");
  const Tensor second({2, 2, 2}, {1., 0., 0., 1., 1., 2., 2., 1.});
  CHECK(error_of([&] {
          (void)Law::precision(two, {second, at});
        }) ==
        "[MultivariateNormal] precision is not positive definite at [1] of f64[2,2,2] (at model.cpp:7)");
  CHECK(error_of([&] {
          (void)Law::precision(two, {two, at});
        }) == "[MultivariateNormal] precision is f64[2], needs to be a matrix (at model.cpp:7)");
}

TEST_CASE("MultivariateNormal: covariance and precision give the densities of their matrices, recorded too") {
  for (std::size_t which : {0UL, 1UL, 2UL, 3UL, 5UL}) {
    const Parameters& p = cases[which];
    const Tensor s = matmul(p[1], p[1], {.transpose_b = true}).tensor();
    const Inverse inverse = inverse_of(matrix_of(s));
    std::vector<double> all;
    for (const Point& line : inverse.matrix) all.insert(all.end(), line.begin(), line.end());
    const Tensor precision = square_of(s.shape().back(), all);
    // The matrices' own rounding, in terms of the factor: its condition squared.
    const double tolerance = 16 * 0x1p-53 * std::pow(condition_of(matrix_of(p[1])), 2);
    CHECK(tolerance < 1e-5);
    const auto recorded = run_recorded({p[0], s, precision}, [&](const std::vector<Var>& v) {
      return std::vector<Var>{Law::covariance(v[0], v[1]).scale_tril, Law::precision(v[0], v[2]).scale_tril};
    });
    const Law by_covariance = Law::covariance(p[0], s), by_precision = Law::precision(p[0], precision);
    CHECK(identical(recorded[0], by_covariance.scale_tril.tensor()));
    CHECK(identical(recorded[1], by_precision.scale_tril.tensor()));
    for (std::size_t k = 0; k < 12; ++k) {
      const Tensor x = rounded_point(points_at(p)[k]);
      const long double expected = log_density(p, vector_of(x));
      CHECK(near(by_covariance.log_prob(x).item(), expected, tolerance));
      CHECK(near(by_precision.log_prob(x).item(), expected, tolerance));
    }
  }
}

TEST_CASE("MultivariateNormal: bare numbers take the key's dtype, through covariance and precision too") {
  const Var loc = Var::open(column({0, 1})), matrix = Var::open(square_of(2, {2, 0.5, 0.5, 1}));
  for (const Law& law : {Law::covariance(loc, matrix), Law::precision(loc, matrix)}) {
    CHECK(!Distribution(law).dtype());
    CHECK(law.sample(Key(1, f32), {3}).type() == Type{f32, {3, 2}});
  }
}

TEST_CASE("MultivariateNormal: leading axes of all three broadcast, each element as if it were alone") {
  const auto some = [](const Shape& shape, double start) {
    std::vector<double> x;
    for (Index i = 0; i < shape.size(); ++i) x.push_back(std::sin(start + 1.7 * static_cast<double>(i)));
    return Tensor(shape, std::span<const double>(x));
  };
  const auto factors = [&](const Shape& lead) {
    const Var free = some(lead + Shape{2, 2}, 0.4);
    return (tril(free, -1) + diag_embed(exp(diag(free)))).tensor();
  };
  // One element of what broadcasts to `full`, as leading axes say.
  const auto pick = [](const Tensor& t, const Shape& full, const Shape& own, Index at) {
    const Var stretched_one = broadcast_to(t, full + own);
    return slice(reshape(stretched_one, Shape{full.size()} + own), 0, at, at + 1).tensor().reshaped(own);
  };
  const std::vector<std::vector<Shape>> all{{{}, {}, {}},
                                            {{}, {}, {4}},
                                            {{}, {}, {5, 4}},
                                            {{}, {4}, {4}},
                                            {{4}, {}, {4}},
                                            {{3, 1}, {4}, {3, 4}},
                                            {{}, {3, 1}, {3, 4}},
                                            {{4}, {3, 1}, {3, 4}},
                                            {{}, {1, 4}, {3, 4}},
                                            {{}, {1, 1}, {3, 4}},
                                            {{}, {3, 1, 1}, {3, 4, 2}},
                                            {{}, {3, 4}, {}},
                                            {{}, {3, 1, 2}, {3, 4, 2}}};
  for (const auto& lead : all) {
    const Tensor loc = some(lead[0] + Shape{2}, 0.1), l = factors(lead[1]), x = some(lead[2] + Shape{2}, 3);
    const Law law{loc, l};
    Shape full;
    REQUIRE(broadcast_shapes(lead[0], lead[1], full));
    CHECK(Distribution(law).batch_shape() == full);
    CHECK(law.mean().shape() == full + Shape{2});
    CHECK(law.variance().shape() == full + Shape{2});
    CHECK(law.entropy().shape() == full);
    CHECK(law.sample(Key(4), Shape{6} + full).shape() == Shape{6} + full + Shape{2});
    REQUIRE(broadcast_shapes(Shape(full), lead[2], full));
    const Tensor y = law.log_prob(x).tensor();
    REQUIRE(y.shape() == full);
    const Tensor draws = law.sample(Key(4), full).tensor();
    const Var noise = normal(Key(4), full + Shape{2});
    for (Index i = 0; i < full.size(); ++i) {
      const Tensor loc_i = pick(loc, full, {2}, i), l_i = pick(l, full, {2, 2}, i);
      const Tensor x_i = pick(x, full, {2}, i), z_i = pick(noise.tensor(), full, {2}, i);
      CHECK(near(y.at(i), log_density({loc_i, l_i}, vector_of(x_i)), 1e-13));
      for (Index e = 0; e < 2; ++e)
        CHECK(near(draws.at(2 * i + e),
                   loc_i.at(e) + l_i.at(2 * e) * z_i.at(0) + l_i.at(2 * e + 1) * z_i.at(1), 1e-14));
    }
  }
}

TEST_CASE("MultivariateNormal: in a plate of 8 a value of 4 is [8,4] and its log density [8]") {
  const Tensor loc = column({1, 2, 3, 4}), l = eye(4, f64).tensor();
  const std::vector<PlateAxis> one{{"rows", 8}}, two{{"rows", 8}, {"columns", 10}};
  const Aligned shared = Distribution(Law{loc, l}).aligned(one);
  CHECK(shared.value_shape() == Shape{8, 4});
  CHECK(shared.log_prob(shared.sample(Key(1))).shape() == Shape{8});
  const Law rows{broadcast_to(loc, {8, 4}), broadcast_to(l, {8, 4, 4})};
  const Aligned outer = Distribution(rows).aligned(two);
  CHECK(outer.value_shape() == Shape{8, 10, 4});
  CHECK(outer.log_prob(outer.sample(Key(1))).shape() == Shape{8, 10});
  const Aligned table = Distribution(iid(Law{loc, l}, {3})).aligned(one);
  CHECK(table.value_shape() == Shape{8, 3, 4});
  CHECK(table.log_prob(table.sample(Key(1))).shape() == Shape{8});
  CHECK(error_of([&] {
          (void)Distribution(rows).aligned({}, Where{"model.cpp", 7});
        }) == "[MultivariateNormal] loc f64[8,4] in 0 plates: the axes [8] are left over, and a law whose "
              "value has axes takes no more; open a plate for them (at model.cpp:7)");
}

TEST_CASE("MultivariateNormal: kl broadcasts leading axes and is at sites; sizes that differ are an error") {
  const Parameters& p = cases[2];
  const Law one{p[0], p[1]};
  const Law many{stack({p[0], column({0, 0, 0})}), p[1]};
  const Law scaled{p[0], stack({p[1], (2 * Var(p[1])).tensor(), eye(3, f64).tensor()})};
  const Law crossed{expand_dims(many.loc, 1), scaled.scale_tril};
  CHECK(kl(one, many).shape() == Shape{2});
  CHECK(kl(many, one).tensor().at(1) == doctest::Approx(kl(Law{column({0, 0, 0}), p[1]}, one).item()));
  CHECK(kl(one, scaled).tensor().at(2) == doctest::Approx(kl(one, Law{p[0], eye(3, f64)}).item()));
  CHECK(kl(scaled, one).tensor().at(1) == doctest::Approx(kl(Law{p[0], 2 * Var(p[1])}, one).item()));
  CHECK(kl(crossed, one).shape() == Shape{2, 3});
  CHECK(kl(one, crossed).tensor().at(4) ==
        doctest::Approx(kl(one, Law{column({0, 0, 0}), 2 * Var(p[1])}).item()));
  const std::vector<PlateAxis> plate{{"rows", 2}};
  const auto at_site = kl(Distribution(many).aligned(plate), Distribution(one).aligned(plate));
  REQUIRE(at_site);
  CHECK(numbers(*at_site) == numbers(kl(many, one)));
  CHECK(error_of([&] {
          (void)kl(one, Law{column({0, 0}), eye(2, f64)}, Where{"model.cpp", 7});
        }) == "[kl] vectors of 3 and 2 elements (at model.cpp:7)");
}

}  // namespace tapir::vi::test
