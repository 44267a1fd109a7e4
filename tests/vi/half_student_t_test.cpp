// HalfStudentT: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/half_student_t.hpp>

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

long double log_density(const Parameters& p, long double x) {
  if (x < 0) return -INFINITY;
  const long double n = p[0].item(), s = p[1].item(), z = x / s;
  const long double log_ratio = boost::math::lgamma((n + 1) / 2) - boost::math::lgamma(n / 2);
  return std::log(2.0L) + log_ratio - std::log(n * 3.14159265358979323846264338327950288L) / 2 - std::log(s) -
         (n + 1) / 2 * std::log1p(z * z / n);
}

const Listed row{{
    .name = "HalfStudentT",
    .make = [](const std::vector<Var>& p) { return HalfStudentT{.df = p[0], .scale = p[1]}; },
    .cases = {scalars({9, 1.5}), scalars({4.7, 0.4}), scalars({2.5, 1000.0}), scalars({1.7, 1e-6}),
              scalars({0.8, 2}), scalars({60, 1})},
    .extremes = {scalars({1e-2, 1}), scalars({1e6, 1}), scalars({3, 1e-30}), scalars({3, 1e30})},
    .log_prob = log_density,
    .cdf =
        [](const Parameters& p, long double x) {
          if (x <= 0) return 0.0L;
          const long double half = p[0].item() / 2, z = x / p[1].item(), squares = z * z / p[0].item();
          return squares < 1 ? boost::math::ibeta(0.5L, half, squares / (1 + squares))
                             : boost::math::ibetac(half, 0.5L, 1 / (1 + squares));
        },
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          for (double score : {1e-9, 1e-7, 1e-5, 1e-3, 0.01, 0.05, 0.1,  0.2,  0.4,   0.7,
                               1.0,  1.5,  2.0,  3.0,  5.0,  8.0,  12.0, 40.0, 300.0, 1e4})
            x.push_back(p[1].item() * score);
          return x;
        },
    .outside = {-1e-3, -INFINITY, INFINITY},
    .length = [](const Parameters& p) { return static_cast<long double>(p[1].item()); },
    .breaks =
        [](const Parameters&) {
          return std::vector<double>{0, INFINITY};
        },
    .moments = [](const Parameters& p) { return p[0].item(); },
    .one_number = false,
}};

}  // namespace

TEST_CASE("HalfStudentT: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(HalfStudentT{0, 1}).check(at);
        }) == "[HalfStudentT] df is 0, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(HalfStudentT{1, -2}).check(at);
        }) == "[HalfStudentT] scale is -2, needs to be positive (at model.cpp:7)");
}

}  // namespace tapir::vi::test
