// MultivariateStudentT: its row, its missing moments, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/multivariate_student_t.hpp>

#include <limits>

#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <doctest/doctest.h>

#include <tapir/vi/distributions/student_t.hpp>

#include "matrices.hpp"
#include "vector_case.hpp"

namespace tapir::vi::test {
namespace {

using Law = MultivariateStudentT;

constexpr double infinity = std::numeric_limits<double>::infinity();

long double log_density(const Parameters& p, const Point& x) {
  const long double df = p[0].item(), n = static_cast<long double>(x.size());
  const Inverse inverse = inverse_of(matrix_of(p[2]));
  Point centred = vector_of(p[1]);
  for (std::size_t i = 0; i < x.size(); ++i) centred[i] = x[i] - centred[i];
  // The ratio of gamma functions at half a whole number apart, and at n = 2, 4, .. as a product: exact for
  // large df.
  long double log_ratio = x.size() % 2 == 1 ? std::log(boost::math::tgamma_ratio((df + 1) / 2, df / 2)) : 0;
  for (long double a = df / 2 + (x.size() % 2 == 1 ? 0.5L : 0); a < (df + n) / 2 - 0.25L; a += 1)
    log_ratio += std::log(a);
  return log_ratio - n / 2 * (log_2pi - std::log(2.0L) + std::log(df)) - inverse.log_det -
         (df + n) / 2 * std::log1p(squared_norm(applied(inverse.matrix, centred)) / df);
}

std::vector<Point> points_at(const Parameters& p) { return points_about(vector_of(p[1]), matrix_of(p[2])); }

// StudentT.
double combined(const Point& x) { return static_cast<double>(2 * x.front() - x.back()); }

long double combined_cdf(const Parameters& p, double x) {
  const Matrix l = matrix_of(p[2]);
  long double squares = 0;
  for (std::size_t j = 0; j < l.size(); ++j) squares += std::pow(2 * l.front()[j] - l.back()[j], 2.0L);
  const auto score = static_cast<double>((x - combined(vector_of(p[1]))) / std::sqrt(squares));
  return boost::math::cdf(boost::math::students_t_distribution<double>(p[0].item()), score);
}

const ListedVector row{
    {.name = "MultivariateStudentT",
     .make = [](const std::vector<Var>& p) { return Law{.df = p[0], .loc = p[1], .scale_tril = p[2]}; },
     .cases = {{Tensor(9.0), column({0.1, -0.2}), square_of(2, {1, 0, 0.6, 1.5})},
               {Tensor(7.5), column({-2.5}), square_of(1, {0.3})},
               {Tensor(0.8), column({0, 1}), square_of(2, {1, 0, 0.9999, 0.0141})},
               {Tensor(2.5), column({0.3, -1, 0.5}), square_of(3, {0.7, 0, 0, -0.4, 1.3, 0, 0.2, 0.5, 0.9})},
               {Tensor(60.0), column({1, 0}), square_of(2, {2, 0, 1, 0.5})},
               {Tensor(3.5), column({0.5, -1}), square_of(2, {1.25, 0, 0.5, 0.75})}},
     .extremes = {{Tensor(1e-2), column({0, 1}), square_of(2, {1, 0, 0.6, 1.5})},
                  {Tensor(1e6), column({0, 1, 2}), square_of(3, {0.7, 0, 0, -0.4, 1.3, 0, 0.2, 0.5, 0.9})},
                  {Tensor(3.0), column({1e-30, 0}), square_of(2, {1e-30, 0, 2e-31, 3e-30})}},
     .log_prob = log_density,
     .points = points_at,
     .outside = {{1, infinity}, {-infinity, infinity}},
     .condition = [](const Parameters& p, DType) { return condition_of(matrix_of(p[2])); },
     .projections = {{[](const Parameters&, const Point& x) { return combined(x); }, combined_cdf}},
     .moments = [](const Parameters& p) { return p[0].item(); },
     .random =
         [](std::mt19937_64& noise) {
           return Parameters{Tensor(random_positive(noise)), random_vector(3, noise),
                             random_factor(3, noise)};
         }}};

}  // namespace

TEST_CASE("MultivariateStudentT: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  const Tensor two = column({0, 0}), factor = square_of(2, {1, 0, 1, 1});
  CHECK(error_of([&] {
          Distribution(Law{0, two, factor}).check(at);
        }) == "[MultivariateStudentT] df is 0, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(Law{1, two, square_of(2, {1, 0, 1, -1})}).check(at);
        }) == "[MultivariateStudentT] scale_tril is -1 at [1,1] of f64[2,2], needs to be positive on the "
              "diagonal (at "
              "model.cpp:7)");
  CHECK(
      error_of([&] {
        (void)Law{1, column({0, 0, 0}), factor}.count(at);
      }) ==
      "[MultivariateStudentT] loc is f64[3], scale_tril is f64[2,2]; it has to be of 3 rows and columns (at "
      "model.cpp:7)");
  CHECK(error_of([&] {
          (void)Law{1, two, factor}.log_prob({column({1, 2, 3}), at});
        }) == "[MultivariateStudentT] x is f64[3]; its last axes have to be [2] (at model.cpp:7)");
}

TEST_CASE("MultivariateStudentT: of one element it is StudentT, to where squares leave the range") {
  for (double df : {0.3, 4.0, 1e4}) {
    const Law law{df, column({0.5}), square_of(1, {2})};
    const StudentT one{df, 0.5, 2};
    for (double x : {0.5, 0.6, -3.0, 1e5, -1e7, 1e40, 1e160, -1e300})
      CHECK(near(law.log_prob(column({x})).item(), one.log_prob(x).item(), 1e-14));
    CHECK(near(law.entropy().item(), one.entropy().item(), 1e-14));
  }
}

TEST_CASE("MultivariateStudentT: there is no mean for df <= 1, and no finite variance for df <= 2") {
  const auto law = [](double df) { return Law{df, column({1, 2}), square_of(2, {1, 0, 1, 1})}; };
  for (double x : numbers(law(1).mean())) CHECK(std::isnan(x));
  for (double x : numbers(law(1).variance())) CHECK(std::isnan(x));
  for (double x : numbers(law(2).variance())) CHECK(x == infinity);
  CHECK(numbers(law(1.5).mean()) == std::vector<double>{1, 2});
  CHECK(numbers(law(4).variance()) == std::vector<double>{2, 4});
}

}  // namespace tapir::vi::test
