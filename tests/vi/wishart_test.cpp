// Wishart: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/wishart.hpp>

#include <limits>

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <doctest/doctest.h>

#include <tapir/vi/distributions/gamma.hpp>
#include <tapir/vi/kl.hpp>

#include "matrices.hpp"
#include "vector_case.hpp"

namespace tapir::vi::test {
namespace {

using Law = Wishart;

constexpr double infinity = std::numeric_limits<double>::infinity();

// By V, not by factors.
long double log_density(const Parameters& p, const Point& x) {
  const long double df = p[0].item(), log_2 = std::log(2.0L), log_pi = log_2pi - log_2;
  const Inverse v = inverse_of(gram_of(matrix_of(p[1])));
  const auto n = static_cast<long double>(v.matrix.size());
  const Matrix value = matrix_of(x, v.matrix.size()), product = product_of(v.matrix, value);
  long double result = (df - n - 1) / 2 * inverse_of(value).log_det - df / 2 * (v.log_det + n * log_2) -
                       n * (n - 1) / 4 * log_pi;
  for (std::size_t i = 0; i < v.matrix.size(); ++i)
    result -= product[i][i] / 2 + boost::math::lgamma((df - static_cast<long double>(i)) / 2);
  return result;
}

// (L A)(L A)', the diagonal of A from small to large for its degrees of freedom.
std::vector<Point> points_at(const Parameters& p) {
  const Matrix l = matrix_of(p[1]);
  const long double df = p[0].item();
  std::vector<Point> points;
  for (int k = 0; k < 20; ++k) {
    Matrix a(l.size(), Point(l.size()));
    for (std::size_t i = 0; i < l.size(); ++i) {
      const long double t = 0.3L * (k - 10) * std::sin(1.0L + 3.0L * static_cast<long double>(i) + k);
      a[i][i] = std::sqrt(df - static_cast<long double>(i)) * std::exp(t / std::max(1.0L, std::sqrt(df) / 4));
      for (std::size_t j = 0; j < i; ++j)
        a[i][j] = 0.2L * k * std::sin(static_cast<long double>(k) + 2.0L * static_cast<long double>(j));
    }
    points.push_back(elements_of(gram_of(product_of(l, a))));
  }
  return points;
}

// Rounding of the value moves its factor by the value's condition, and |A_ii^2/df - 1| df of that the
// density.
double condition(const Parameters& p, DType) {
  double most = 1;
  for (const Point& x : points_at(p))
    most = std::max(most, condition_of(matrix_of(x, static_cast<std::size_t>(p[1].shape().back()))));
  return most * (8 + std::sqrt(p[0].item()));
}

// X_00 / V_00 is chi-squared.
double first_ratio(const Parameters& p, const Point& x) {
  return static_cast<double>(x[0]) / (p[1].at(0) * p[1].at(0));
}

const ListedVector row{
    {.name = "Wishart",
     .make = [](const std::vector<Var>& p) { return Law{.df = p[0], .scale_tril = p[1]}; },
     .cases = {{Tensor(9.5), square_of(2, {0.7, 0, -0.4, 1.3})},
               {Tensor(2.5), square_of(1, {0.8})},
               {Tensor(3.5), square_of(2, {1.5, 0, 0.3, 0.4})},
               {Tensor(1.2), square_of(2, {1, 0, 0.5, 1})},
               {Tensor(4.25), square_of(3, {0.7, 0, 0, -0.4, 1.3, 0, 0.2, 0.5, 0.9})},
               {Tensor(40.0), square_of(3, {0.7, 0, 0, -0.4, 1.3, 0, 0.2, 0.5, 0.9})}},
     .extremes = {{Tensor(1e6), square_of(2, {0.7, 0, -0.4, 1.3})},
                  {Tensor(1.001), square_of(2, {0.7, 0, -0.4, 1.3})},
                  {Tensor(3.0), square_of(2, {1e-15, 0, 1e-15, 2e-15})}},
     .log_prob = log_density,
     .points = points_at,
     .outside = {{1, 2, 2, 1}, {1, 0.5, 0.4, 1}, {-1, 0, 0, -1}, {infinity, 0, 0, 1}, {0, 0, 0, 0}},
     .condition = condition,
     .projections =
         {{first_ratio,
           [](const Parameters& p, double x)
               -> long double { return boost::math::cdf(boost::math::chi_squared(p[0].item()), x); }}},
     .random =
         [](std::mt19937_64& noise) {
           std::normal_distribution<double> normal_number;
           std::vector<double> l{std::exp(normal_number(noise)), 0, normal_number(noise),
                                 std::exp(normal_number(noise))};
           return Parameters{Tensor(1 + random_positive(noise)), square_of(2, l)};
         }}};

}  // namespace

TEST_CASE("Wishart: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  const Tensor three = square_of(3, {1, 0, 0, 0, 1, 0, 0, 0, 1});
  CHECK(error_of([&] {
          Distribution(Law{2, three}).check(at);
        }) == "[Wishart] df is 2, needs to be greater than 2 (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(Law{2, square_of(2, {1, 0, 1, 0})}).check(at);
        }) == "[Wishart] scale_tril is 0 at [1,1] of f64[2,2], needs to be positive on the diagonal (at "
              "model.cpp:7)");
  CHECK(error_of([&] {
          (void)Law{2, table(2, 3, {1, 0, 0, 1, 1, 0})}.count(at);
        }) == "[Wishart] scale_tril is f64[2,3]; it has to be square (at model.cpp:7)");
  CHECK(error_of([&] {
          (void)Law{4, three}.log_prob({column({1, 2}), at});
        }) == "[Wishart] x is f64[2]; its last axes have to be [3,3] (at model.cpp:7)");
  CHECK(error_of([&] {
          (void)kl(Law{4, three}, Law{4, square_of(2, {1, 0, 1, 1})}, at);
        }) == "[kl] matrices of 3 and 2 rows (at model.cpp:7)");
}

TEST_CASE("Wishart: of one row it is Gamma") {
  for (double df : {0.5, 3.0, 1e5}) {
    const Law law{df, square_of(1, {1.5})};
    const Gamma one{df / 2, 1 / 4.5};
    for (double x : {1e-3, 0.7, 4.0, 1e5})
      CHECK(near(law.log_prob(square_of(1, {x})).item(), one.log_prob(x).item(), 1e-13));
    CHECK(near(law.entropy().item(), one.entropy().item(), 1e-13));
    CHECK(near(kl(law, Law{3.5, square_of(1, {0.4})}).item(), kl(one, Gamma{1.75, 1 / 0.32}).item(), 1e-13));
  }
}

// Marginals of a corner are Wishart, of as many degrees of freedom: the moments of all elements by its closed
// forms, which the row's integrals know. False alarms 1 in 10^6 each.
TEST_CASE("Wishart: draws of four rows have the mean and the variance") {
  constexpr Index n = 20000;
  const Law law{5.5, square_of(4, {1, 0, 0, 0, 0.5, 2, 0, 0, -1, 0.3, 0.5, 0, 0.2, 1, 1, 0.7})};
  const auto draws = points_of(law.sample(Key(3), {n}).tensor());
  const auto mean = numbers(law.mean()), variance = numbers(law.variance());
  for (std::size_t i = 0; i < 16; ++i) {
    std::vector<double> values, squares;
    for (const Point& x : draws) {
      values.push_back(static_cast<double>(x[i]));
      squares.push_back(std::pow(values.back() - mean[i], 2));
    }
    CHECK(std::abs(score_of(values, mean[i])) < 4.9);
    CHECK(std::abs(score_of(squares, variance[i])) < 4.9);
  }
}

TEST_CASE("Wishart: draws that would be singular are positive definite, and their gradients finite") {
  for (DType dtype : {f64, f32}) {
    const std::vector<Tensor> at{Tensor(2.01).cast(dtype),
                                 square_of(3, {1, 0, 0, 0.5, 1, 0, 0.2, 0.3, 1}).cast(dtype)};
    const auto results = value_and_gradients(at, [](const std::vector<Var>& p) {
      return Law{p[0], p[1]}.sample(Key(1), {2000});
    });
    for (const Tensor& g : results)
      for (double e : numbers(g)) CHECK(std::isfinite(e));
    const Law law{at[0], at[1]};
    const Var x = law.sample(Key(1), {2000});
    const auto densities = numbers(law.log_prob(x));
    CHECK(std::all_of(densities.begin(), densities.end(), [](double y) { return std::isfinite(y); }));
  }
}

}  // namespace tapir::vi::test
