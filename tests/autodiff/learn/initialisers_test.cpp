// Initial values: their laws, and that they depend on seed and path alone.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include <doctest/doctest.h>

#include <tapir/autodiff/learn/params.hpp>

#include "values.hpp"

namespace tapir::test {
namespace {

struct Moments {
  double mean = 0;
  double variance = 0;
  double largest = 0;
};

Moments moments(const Tensor& x) {
  Moments m;
  const double n = static_cast<double>(x.size());
  for (double v : numbers(x)) {
    m.mean += v / n;
    m.largest = std::max(m.largest, std::abs(v));
  }
  for (double v : numbers(x)) m.variance += (v - m.mean) * (v - m.mean) / n;
  return m;
}

// Mean and variance of n = 120000 draws against their laws: at most 5.3 standard errors, false alarm 1.2e-7 each.
void check_law(const Initialiser& law, double variance, double excess_kurtosis) {
  constexpr double n = 300.0 * 400.0;
  constexpr double most = 5.3;
  for (DType dtype : {f32, f64}) {
    const Moments m = moments(law(Key(11, dtype) / "w", {dtype, {300, 400}}));
    CHECK(std::abs(m.mean) < most * std::sqrt(variance / n));
    CHECK(std::abs(m.variance / variance - 1) < most * std::sqrt((excess_kurtosis + 2) / n));
  }
}

constexpr double of_normal = 0;
constexpr double of_uniform = -1.2;

}  // namespace

TEST_CASE("initialisers have the variances of their formulas") {
  using namespace initialisers;
  check_law(initialisers::uniform(0.5), 0.25 / 3, of_uniform);
  check_law(initialisers::normal(0.5), 0.25, of_normal);
  check_law(fan_in_uniform(), 1.0 / 900, of_uniform);
  check_law(glorot_uniform(), 2.0 / 700, of_uniform);
  check_law(glorot_normal(), 2.0 / 700, of_normal);
  check_law(he_uniform(), 2.0 / 300, of_uniform);
  check_law(he_normal(), 2.0 / 300, of_normal);
}

TEST_CASE("uniform initialisers stay within their bounds") {
  const Tensor w = initialisers::glorot_uniform()(Key(3), {f64, {30, 40}});
  const double bound = std::sqrt(6.0 / 70);
  CHECK(moments(w).largest < bound);
  CHECK(moments(w).largest > 0.99 * bound);
}

TEST_CASE("constant and zeros") {
  CHECK(numbers(initialisers::constant(0.25)(Key(0), {f32, {3}})) == std::vector<double>{0.25, 0.25, 0.25});
  CHECK(numbers(initialisers::zeros()(Key(0), {f64, {2}})) == std::vector<double>{0, 0});
}

TEST_CASE("fans: in and out are the last two axes, times the leading ones") {
  CHECK(fans({7, 5}).in == 7);
  CHECK(fans({7, 5}).out == 5);
  CHECK(fans({3, 2, 7, 5}).in == 42);
  CHECK(fans({4}).in == 4);
  CHECK(fans({}).out == 1);
}

TEST_CASE("orthogonal: rows or columns are orthonormal, times the gain") {
  for (const Shape& shape : {Shape{6, 4}, Shape{4, 6}, Shape{5, 5}, Shape{2, 3, 4}}) {
    const Tensor w = initialisers::orthogonal(2.0)(Key(5), {f64, shape});
    const Index columns = shape.back();
    const Index rows = shape.size() / columns;
    const bool tall = rows >= columns;
    const Index few = std::min(rows, columns);
    for (Index i = 0; i < few; ++i)
      for (Index j = 0; j < few; ++j) {
        double total = 0;
        for (Index k = 0; k < std::max(rows, columns); ++k)
          total += tall ? w.at(k * columns + i) * w.at(k * columns + j)
                        : w.at(i * columns + k) * w.at(j * columns + k);
        CHECK(total == doctest::Approx(i == j ? 4.0 : 0.0).epsilon(1e-12).scale(4));
      }
  }
}

TEST_CASE("initial values depend on seed and path, not on the order of creation") {
  const auto law = initialisers::normal(1);
  Params first(7, f64);
  const Tensor a = (first / "a").param("w", {4}, law).tensor();
  const Tensor b = (first / "b").param("w", {4}, law).tensor();
  Params second(7, f64);
  CHECK(identical((second / "b").param("w", {4}, law).tensor(), b));
  CHECK(identical((second / "a").param("w", {4}, law).tensor(), a));
  CHECK(!identical(a, b));
  Params other(8, f64);
  CHECK(!identical((other / "a").param("w", {4}, law).tensor(), a));
}

}  // namespace tapir::test
