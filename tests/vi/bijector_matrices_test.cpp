// Bijectors onto matrices: their rows.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include <tapir/vi/bijectors/bijectors.hpp>

#include "bijector_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

using Vars = std::vector<Var>;

Point filled(const Point& x, std::size_t n) {
  Point y(n * n);
  std::size_t next = 0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j <= i; ++j, ++next) y[i * n + j] = i == j ? std::exp(x[next]) : x[next];
  return y;
}

Point product(const Point& x, std::size_t n) {
  Point y(n * n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t k = 0; k < n; ++k) y[i * n + j] += x[i * n + k] * x[j * n + k];
  return y;
}

const ListedBijector lower_cholesky{{
    .name = "LowerCholesky",
    .make = [](const Vars&) { return LowerCholesky{}; },
    .x = tame(3, 10),
    .forward = [](const Parameters&, const Point& x) { return filled(x, 4); },
}};

const ListedBijector correlation_cholesky{{
    .name = "CorrelationCholesky",
    .make = [](const Vars&) { return CorrelationCholesky{}; },
    .x = tame(3, 6),
    .forward =
        [](const Parameters&, const Point& x) {
          Point y(16);
          std::size_t next = 0;
          for (std::size_t i = 0; i < 4; ++i) {
            long double left = 1;
            for (std::size_t j = 0; j < i; ++j, ++next) {
              y[4 * i + j] = std::tanh(x[next]) * std::sqrt(left);
              left /= std::cosh(x[next]) * std::cosh(x[next]);
            }
            y[5 * i] = std::sqrt(left);
          }
          return y;
        },
    // The inverse squares what is left of a row, which is exp(-x) for each of its three elements.
    .largest_back = 110,
    .largest_back_f32 = 13,
}};

const ListedBijector cholesky_product{{
    .name = "CholeskyProduct",
    .make = [](const Vars&) { return CholeskyProduct{}; },
    .x = Tensor({2, 3, 3}, {1.2, 0.0, 0.0, -0.4, 0.7, 0.0, 0.3, 2.0, 0.5,  //
                            0.1, 0.0, 0.0, 0.02, 3.0, 0.0, -1.0, 0.6, 1.1}),
    .forward = [](const Parameters&, const Point& x) { return product(x, 3); },
    .largest = 0,
    .largest_f32 = 0,
}};

const ListedBijector covariance{{
    .name = "Chain of LowerCholesky and CholeskyProduct",
    .make = [](const Vars&) { return biject_to(Support::positive_definite); },
    .x = tame(3, 6),
    .forward = [](const Parameters&, const Point& x) { return product(filled(x, 3), 3); },
    .largest = 3,
    .largest_f32 = 1,
}};

const ListedBijector factor_of_covariance{{
    .name = "Inverse of CholeskyProduct",
    .make = [](const Vars&) { return inverse(CholeskyProduct{}); },
    .x = Tensor({2, 2, 2}, {2.0, 0.3, 0.3, 1.0, 0.5, -0.9, -0.9, 4.0}),
    .forward =
        [](const Parameters&, const Point& y) {
          const long double a = std::sqrt(y[0]);
          return Point{a, 0, y[2] / a, std::sqrt(y[3] - y[2] * y[2] / y[0])};
        },
    .largest = 0,
    .largest_f32 = 0,
}};

}  // namespace
}  // namespace tapir::vi::test
