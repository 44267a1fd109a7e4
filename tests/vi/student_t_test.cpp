// StudentT: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/student_t.hpp>

#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

long double log_density(const Parameters& p, long double x) {
  const long double n = p[0].item(), z = (x - p[1].item()) / p[2].item();
  const long double log_ratio = boost::math::lgamma((n + 1) / 2) - boost::math::lgamma(n / 2);
  return log_ratio - std::log(n * 3.14159265358979323846264338327950288L) / 2 -
         std::log(static_cast<long double>(p[2].item())) - (n + 1) / 2 * std::log1p(z * z / n);
}

const Listed row{{
    .name = "StudentT",
    .make = [](const std::vector<Var>& p) { return StudentT{.df = p[0], .loc = p[1], .scale = p[2]}; },
    .cases = {scalars({9, 0.3, 1.5}), scalars({4.7, -2, 0.4}), scalars({2.5, 1, 1000.0}),
              scalars({1.7, 0, 1e-6}), scalars({0.8, 0.25, 2}), scalars({60, 0, 1})},
    .extremes = {scalars({1e-2, 0, 1}), scalars({1e6, 0, 1}), scalars({3, 0, 1e-30}), scalars({3, 0, 1e30})},
    .log_prob = log_density,
    .cdf =
        [](const Parameters& p, long double x) {
          const long double z = (x - p[1].item()) / p[2].item();
          return boost::math::cdf(boost::math::students_t_distribution<long double>(p[0].item()), z);
        },
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          for (double score : {-1e6, -300.0, -40.0, -8.0, -3.0, -1.5, -0.7, -0.2, -0.01, -1e-5,
                               0.0,  1e-4,   0.05,  0.4,  1.0,  2.0,  5.0,  12.0, 90.0,  1e4})
            x.push_back(p[1].item() + p[2].item() * score);
          return x;
        },
    .outside = {-INFINITY, INFINITY},
    .length = [](const Parameters& p) { return static_cast<long double>(p[2].item()); },
    .breaks =
        [](const Parameters& p) {
          return std::vector<double>{-INFINITY, p[1].item(), INFINITY};
        },
    .moments = [](const Parameters& p) { return p[0].item(); },
    .one_number = false,
}};

}  // namespace

TEST_CASE("StudentT: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(StudentT{0, 0, 1}).check(at);
        }) == "[StudentT] df is 0, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(StudentT{1, 0, -2}).check(at);
        }) == "[StudentT] scale is -2, needs to be positive (at model.cpp:7)");
}

TEST_CASE("StudentT: the slope of cdf is the density, at loc too") {
  const std::vector<double> scores{-30, -2.1, -1, -1e-3, -1e-4, 0, 1e-5, 0.6, 1.8, 7};
  for (double df : {0.5, 4.0, 1e4}) {
    const Distribution law = StudentT{df, Tensor(0.0), 1};
    const auto results = value_and_gradients({column(scores)}, [&](const std::vector<Var>& v) {
      return StudentT{df, 0, 1}.cdf(v[0]);
    });
    const auto density = numbers(exp(law.log_prob(column(scores))));
    for (std::size_t i = 0; i < scores.size(); ++i)
      CHECK(near(results[1].at(static_cast<Index>(i)) / density[i], 1, 1e-10));
  }
}

TEST_CASE("StudentT: draws of a small df stay finite, and so do their gradients") {
  for (DType dtype : {f64, f32}) {
    const std::vector<Tensor> at{Tensor(1e-2).cast(dtype), Tensor(3.0).cast(dtype), Tensor(5.0).cast(dtype)};
    const auto results = value_and_gradients(at, [](const std::vector<Var>& p) {
      return tanh(StudentT{p[0], p[1], p[2]}.sample(Key(1), {1000}));
    });
    for (const Tensor& g : results) CHECK(std::isfinite(g.item()));
    for (double x : numbers(StudentT{at[0], at[1], at[2]}.sample(Key(1), {1000}))) CHECK(std::isfinite(x));
  }
}

}  // namespace tapir::vi::test
