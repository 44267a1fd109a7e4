// MultivariateNormal: its density, its draws, its gradients, its divergence, its axes, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/multivariate_normal.hpp>

#include <limits>

#include <doctest/doctest.h>

#include <tapir/autodiff/ops/linalg.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/iid.hpp>
#include <tapir/vi/distributions/normal.hpp>
#include <tapir/vi/kl.hpp>

#include "law_case.hpp"
#include "shown_law.hpp"

namespace tapir::vi::test {
namespace {

using Law = MultivariateNormal;
using Vector = std::vector<long double>;
using Matrix = std::vector<Vector>;

constexpr double infinity = std::numeric_limits<double>::infinity();

Tensor square_of(Index n, const std::vector<double>& rows) {
  return {Shape{n, n}, std::span<const double>(rows)};
}

const Shown shown{
    {.make = [](const std::vector<Var>& p) { return Law{.loc = p[0], .scale_tril = p[1]}; },
     .parameters = {column({0.3, -1, 0.5}), square_of(3, {0.7, 0, 0, -0.4, 1.3, 0, 0.2, 0.5, 0.9})}}};

Vector vector_of(const Tensor& x) {
  Vector result;
  for (double e : numbers(x)) result.push_back(e);
  return result;
}

Matrix matrix_of(const Tensor& x) {
  const auto n = static_cast<std::size_t>(x.shape().back());
  Matrix rows(n, Vector(n));
  for (std::size_t i = 0; i < n * n; ++i) rows[i / n][i % n] = x.at(static_cast<Index>(i));
  return rows;
}

Matrix product_of(const Matrix& a, const Matrix& b, bool transpose_b = false) {
  Matrix result(a.size(), Vector(a.size()));
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < a.size(); ++j)
      for (std::size_t k = 0; k < a.size(); ++k) result[i][j] += a[i][k] * (transpose_b ? b[j][k] : b[k][j]);
  return result;
}

struct Inverse {
  Matrix matrix;
  long double log_det = 0;
};

// Gauss-Jordan with row exchanges.
Inverse inverse_of(Matrix a) {
  const std::size_t n = a.size();
  Inverse result{Matrix(n, Vector(n)), 0};
  for (std::size_t i = 0; i < n; ++i) result.matrix[i][i] = 1;
  for (std::size_t j = 0; j < n; ++j) {
    std::size_t pivot = j;
    for (std::size_t i = j; i < n; ++i)
      if (std::abs(a[i][j]) > std::abs(a[pivot][j])) pivot = i;
    std::swap(a[j], a[pivot]);
    std::swap(result.matrix[j], result.matrix[pivot]);
    const long double head = a[j][j];
    result.log_det += std::log(std::abs(head));
    for (std::size_t k = 0; k < n; ++k) a[j][k] /= head, result.matrix[j][k] /= head;
    for (std::size_t i = 0; i < n; ++i) {
      const long double factor = a[i][j];
      if (i == j || factor == 0) continue;
      for (std::size_t k = 0; k < n; ++k)
        a[i][k] -= factor * a[j][k], result.matrix[i][k] -= factor * result.matrix[j][k];
    }
  }
  return result;
}

const long double log_2pi = std::log(2 * std::acos(-1.0L));

// By the inverse of the factor, row by row.
long double log_density(const Parameters& p, const Vector& x) {
  const Vector loc = vector_of(p[0]);
  const Inverse inverse = inverse_of(matrix_of(p[1]));
  long double result = -inverse.log_det;
  for (std::size_t i = 0; i < x.size(); ++i) {
    long double z = 0;
    for (std::size_t j = 0; j < x.size(); ++j) z += inverse.matrix[i][j] * (x[j] - loc[j]);
    result -= (z * z + log_2pi) / 2;
  }
  return result;
}

// Skeel's: how much rounding of a factor moves a solution.
double condition_of(const Tensor& l) {
  const Matrix a = matrix_of(l), inverse = inverse_of(a).matrix;
  long double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    long double total = 0;
    for (std::size_t j = 0; j < a.size(); ++j)
      for (std::size_t k = 0; k < a.size(); ++k) total += std::abs(inverse[i][k] * a[k][j]);
    most = std::max(most, total);
  }
  return static_cast<double>(most);
}

const std::vector<Parameters> cases{
    {column({0.3, -1, 0.5}), square_of(3, {0.7, 0, 0, -0.4, 1.3, 0, 0.2, 0.5, 0.9})},
    {column({0, 0}), square_of(2, {1, 0, 0, 1})},
    {column({-2.5}), square_of(1, {0.3})},
    {column({0, 0}), square_of(2, {1, 0, 0.9999, 0.0141})},
    {column({0, 0, 0}), square_of(3, {1, 0, 0, 1, 1e-5, 0, 1, 1e-5, 1e-6})},
    {column({1e-30, 0, -2e-30}), square_of(3, {1e-30, 0, 0, 2e-31, 3e-30, 0, -1e-30, 0, 1e-29})},
    {column({1, 1e8, 0}), square_of(3, {1e-3, 0, 0, 5, 1e5, 0, 1e6, -3e7, 1e9})},
    {column({0, 0, 0, 0, 0}), square_of(5, {1.0, 0, 0, 0, 0, 0.5, 2,   0, 0, 0,   -1, 0.3, 0.1,
                                            0,   0, 3, 1, 1, 1, 0,   0.1, 0, 0.2, 0,  4})}};

// loc + L z for 20 z, from the middle to where densities vanish.
std::vector<Tensor> points_of(const Parameters& p, DType dtype) {
  const Matrix l = matrix_of(p[1]);
  std::vector<Tensor> points;
  for (int k = 0; k < 20; ++k) {
    Vector x = vector_of(p[0]);
    const long double size = k < 4 ? 0.1L * k : k < 12 ? k - 3 : 3 * std::exp(0.55L * (k - 12));
    for (std::size_t i = 0; i < l.size(); ++i)
      for (std::size_t j = 0; j < l.size(); ++j)
        x[i] += l[i][j] * size * std::sin(3.0L * k + 2.2L * static_cast<long double>(j));
    std::vector<double> rounded(x.begin(), x.end());
    points.push_back(column(rounded).cast(dtype));
  }
  return points;
}

}  // namespace

TEST_CASE("MultivariateNormal: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  const Tensor two = column({0, 0});
  const auto error_at = [&](const auto& make) { return error_of([&] { Distribution(make()).check(at); }); };
  CHECK(error_at([&] { return Law{two, square_of(2, {1, 0, 1, 0})}; }) ==
        "[MultivariateNormal] scale_tril is 0 at [1,1] of f64[2,2], needs to be positive on the diagonal "
        "(at model.cpp:7)");
  CHECK(error_at([&] { return Law{two, square_of(2, {1, 0.5, 1, 1})}; }) ==
        "[MultivariateNormal] scale_tril is 0.5 at [0,1] of f64[2,2], needs to be 0 above the diagonal "
        "(at model.cpp:7)");
  CHECK(error_at([&] { return Law{column({0, infinity}), square_of(2, {1, 0, 1, 1})}; }) ==
        "[MultivariateNormal] loc is inf at [1] of f64[2], needs to be finite (at model.cpp:7)");
  CHECK(error_of([&] { (void)Law{column({0, 0, 0}), square_of(2, {1, 0, 1, 1})}.count(at); }) ==
        "[MultivariateNormal] loc is f64[3], scale_tril is f64[2,2]; it has to be of 3 rows and columns "
        "(at model.cpp:7)");
  CHECK(error_of([&] { (void)Law{column({0}), square_of(2, {1, 0, 1, 1})}.count(at); }) ==
        "[MultivariateNormal] loc is f64[1], scale_tril is f64[2,2]; it has to be of 1 rows and columns "
        "(at model.cpp:7)");
  CHECK(error_of([&] { (void)Law{Tensor(0.5), square_of(2, {1, 0, 1, 1})}.count(at); }) ==
        "[MultivariateNormal] loc f64[] has no axis to consume; a value needs 1 (at model.cpp:7)");
  CHECK(error_of([&] { (void)Law{two, two}.count(at); }) ==
        "[MultivariateNormal] scale_tril f64[2] has too few axes to consume; a value needs 2 "
        "(at model.cpp:7)");
  CHECK(error_of([&] { (void)Law{two, square_of(2, {1, 0, 1, 1})}.log_prob({column({1, 2, 3}), at}); }) ==
        "[MultivariateNormal] x is f64[3]; its last axis has to be of 2 (at model.cpp:7)");
}

TEST_CASE("MultivariateNormal: a covariance or precision that is none is an error") {
  const Where at{"model.cpp", 7};
  const Tensor two = column({0, 0});
  CHECK(error_of([&] { (void)Law::covariance(two, {square_of(2, {1, 2, 2, 1}), at}); }) ==
        "[MultivariateNormal] covariance is not positive definite (at model.cpp:7)");
  CHECK(error_of([&] { (void)Law::covariance(two, {square_of(2, {1, 2, 1, 5}), at}); }) ==
        "[MultivariateNormal] covariance is 2 at [0,1] of f64[2,2], needs to be 1 as its mirror image "
        "(at model.cpp:7)");
  const Tensor second({2, 2, 2}, {1., 0., 0., 1., 1., 2., 2., 1.});
  CHECK(error_of([&] { (void)Law::precision(two, {second, at}); }) ==
        "[MultivariateNormal] precision is not positive definite at [1] of f64[2,2,2] (at model.cpp:7)");
  CHECK(error_of([&] { (void)Law::precision(two, {two, at}); }) ==
        "[MultivariateNormal] precision is f64[2], needs to be a matrix (at model.cpp:7)");
}

// What rounding of the factor moves the solution by is not an error of the formula: Skeel's condition times
// a few roundings.
TEST_CASE("MultivariateNormal: log_prob is the formula's in 20 points to 1e-12 in f64 and 1e-5 in f32") {
  for (DType dtype : {f64, f32})
    for (std::size_t which = 0; which < cases.size(); ++which) {
      const Parameters p = rounded(cases[which], dtype);
      const double rounding = dtype == f64 ? 0x1p-53 : 0x1p-24;
      const double tolerance = std::max(dtype == f64 ? 1e-12 : 1e-5, 4 * rounding * condition_of(p[1]));
      if (which < 4) CHECK(tolerance < (dtype == f64 ? 1.1e-12 : 5e-5));
      for (const Tensor& x : points_of(p, dtype)) {
        const double actual = Law{p[0].cast(dtype), p[1].cast(dtype)}.log_prob(x).item();
        const long double expected = log_density(p, vector_of(x));
        CAPTURE(which);
        CAPTURE(actual);
        CAPTURE(static_cast<double>(expected));
        CHECK(near(actual, expected, tolerance));
      }
    }
}

TEST_CASE("MultivariateNormal: infinite values have density 0, NaN stays NaN, and no gradient is NaN") {
  const Tensor x({3, 3}, {1., infinity, 2., -infinity, infinity, 0., 1., 2., infinity});
  for (double y : numbers(Law{cases[0][0], cases[0][1]}.log_prob(x))) CHECK(y == -infinity);
  const auto results = value_and_gradients({cases[0][0], cases[0][1], x}, [](const std::vector<Var>& v) {
    return Law{v[0], v[1]}.log_prob(v[2]);
  });
  for (std::size_t k = 1; k < 4; ++k)
    for (double g : numbers(results[k])) CHECK(!std::isnan(g));
  CHECK(std::isnan(Law{cases[0][0], cases[0][1]}.log_prob(column({0, NAN, infinity})).item()));
}

TEST_CASE("MultivariateNormal: covariance and precision give the densities of their matrices, recorded too") {
  for (std::size_t which : {0UL, 1UL, 2UL, 3UL, 7UL}) {
    const Parameters& p = cases[which];
    const Tensor s = matmul(p[1], p[1], {.transpose_b = true}).tensor();
    const Inverse inverse = inverse_of(matrix_of(s));
    std::vector<double> all;
    for (const Vector& row : inverse.matrix) all.insert(all.end(), row.begin(), row.end());
    const Tensor precision = square_of(s.shape().back(), all);
    // The matrices' own rounding, in terms of the factor: its condition squared.
    const double tolerance = 16 * 0x1p-53 * std::pow(condition_of(p[1]), 2);
    CHECK(tolerance < 1e-5);
    const auto recorded = run_recorded({p[0], s, precision}, [&](const std::vector<Var>& v) {
      return std::vector<Var>{Law::covariance(v[0], v[1]).scale_tril, Law::precision(v[0], v[2]).scale_tril};
    });
    const Law by_covariance = Law::covariance(p[0], s), by_precision = Law::precision(p[0], precision);
    CHECK(identical(recorded[0], by_covariance.scale_tril.tensor()));
    CHECK(identical(recorded[1], by_precision.scale_tril.tensor()));
    for (std::size_t k = 0; k < 12; ++k) {
      const Tensor x = points_of(p, f64)[k];
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

// The trapezoidal rule of an analytic function that falls off like this is exact to rounding.
TEST_CASE("MultivariateNormal: the density integrates to 1 over the plane within 1e-12") {
  const Law law{column({0.3, -1}), square_of(2, {0.7, 0, -0.4, 1.3})};
  constexpr double step = 0.25, far = 14;
  std::vector<double> x;
  for (double a = -far; a <= far; a += step)
    for (double b = -far; b <= far; b += step) x.push_back(a), x.push_back(b);
  const auto count = static_cast<Index>(x.size() / 2);
  double total = 0;
  for (double log_p : numbers(law.log_prob(Tensor({count, 2}, std::span<const double>(x)))))
    total += step * step * std::exp(log_p);
  CHECK(near(total, 1, 1e-12));
}

// A fixed seed; a new one would fail one of these comparisons in 10^6 were the law perfect.
TEST_CASE("MultivariateNormal: means and covariances of 10^5 draws are loc and L L'") {
  constexpr Index n = 100000;
  const Parameters& p = cases[0];
  const Tensor x = Law{p[0], p[1]}.sample(Key(1), {n}).tensor();
  REQUIRE(x.shape() == Shape{n, 3});
  const Matrix s = product_of(matrix_of(p[1]), matrix_of(p[1]), true);
  const Vector loc = vector_of(p[0]);
  const auto view = x.view<double>();
  const auto centred = [&](Index draw, std::size_t i) {
    return view[static_cast<std::size_t>(3 * draw) + i] - loc[i];
  };
  for (std::size_t i = 0; i < 3; ++i) {
    long double mean = 0;
    for (Index draw = 0; draw < n; ++draw) mean += centred(draw, i) / n;
    CHECK(std::abs(mean) < 4.9L * std::sqrt(s[i][i] / n));
    for (std::size_t j = 0; j <= i; ++j) {
      long double moment = 0;
      for (Index draw = 0; draw < n; ++draw) moment += centred(draw, i) * centred(draw, j) / n;
      CHECK(std::abs(moment - s[i][j]) < 4.9L * std::sqrt((s[i][i] * s[j][j] + s[i][j] * s[i][j]) / n));
    }
  }
}

TEST_CASE("MultivariateNormal: mean, variance and entropy are those of L L'") {
  for (const Parameters& p : cases) {
    const Law law{p[0], p[1]};
    const Matrix s = product_of(matrix_of(p[1]), matrix_of(p[1]), true);
    CHECK(identical(law.mean().tensor(), p[0]));
    for (std::size_t i = 0; i < s.size(); ++i)
      CHECK(std::abs(law.variance().tensor().at(static_cast<Index>(i)) / s[i][i] - 1) < 1e-14L);
    const auto n = static_cast<long double>(s.size());
    CHECK(near(law.entropy().item(), n / 2 * (1 + log_2pi) + inverse_of(matrix_of(p[1])).log_det, 1e-14));
  }
}

TEST_CASE("MultivariateNormal: first and second derivatives of log_prob are differences of the formula") {
  for (std::size_t which : {0UL, 1UL, 2UL}) {
    const Parameters& p = cases[which];
    const auto n = static_cast<std::size_t>(p[0].size());
    for (std::size_t k : {1UL, 6UL, 11UL}) {
      const Tensor x = points_of(p, f64)[k];
      const Parameters all{p[0], p[1], x};
      const auto oracle = [&](const Parameters& q) { return log_density(q, vector_of(q[2])); };
      const auto is_free = [&](std::size_t which_one, Index i) {
        return which_one != 1 || static_cast<std::size_t>(i) % n <= static_cast<std::size_t>(i) / n;
      };
      const auto f = [](const std::vector<Var>& v) { return Law{v[0], v[1]}.log_prob(v[2]); };
      const auto first = value_and_gradients(all, f);
      // Everything moves together, each element at its own speed: mixed derivatives are in it.
      std::vector<Tensor> speeds;
      for (std::size_t which_one = 0; which_one < 3; ++which_one) {
        std::vector<double> each;
        for (Index i = 0; i < all[which_one].size(); ++i)
          each.push_back(is_free(which_one, i) ? 0.25 * static_cast<double>(1 + (i + k) % 3) : 0);
        speeds.emplace_back(all[which_one].shape(), std::span<const double>(each));
      }
      const auto along = [&](const std::vector<Var>& gradients) {
        Var total = 0;
        for (std::size_t i = 0; i < 3; ++i) total = total + sum(speeds[i] * gradients[i]);
        return total;
      };
      const auto second = run_recorded(all, [&](const std::vector<Var>& v) -> std::vector<Var> {
        return {along(grad(along(grad(sum(f(v)), v)), v))};
      });
      for_each_element(all, [&](std::size_t which_one, Index i) {
        const double actual = first[which_one + 1].at(i);
        if (!is_free(which_one, i)) {
          CHECK(actual == 0);
          return;
        }
        const long double expected = central_difference(
            [&](long double to) { return oracle(moved(all, which_one, i, to)); }, all[which_one].at(i),
            0x1p-10L);
        CHECK(near(actual, expected, 1e-7));
      });
      const auto at = [&](long double s) {
        Parameters q = all;
        for (std::size_t i = 0; i < 3; ++i)
          for (Index e = 0; e < q[i].size(); ++e)
            q = moved(q, i, e, q[i].at(e) + s * speeds[i].at(e));
        return oracle(q);
      };
      constexpr long double h = 0x1p-10L;
      const long double curvature =
          (16 * (at(h) + at(-h)) - 30 * at(0) - at(2 * h) - at(-2 * h)) / (12 * h * h);
      CHECK(near(second[0].item(), curvature, 1e-6));
    }
  }
}

// E x'A x = loc'A loc + tr(A L L'), so that its gradients are (A + A') loc and the lower triangle of
// (A + A') L. A fixed seed; a new one would fail one of these comparisons in 10^6.
TEST_CASE("MultivariateNormal: the pathwise gradient of E x'A x is its closed form's") {
  constexpr Index n = 100000;
  const Parameters& p = cases[0];
  const Tensor a = square_of(3, {1, 0.5, -0.2, 0.3, -0.7, 0.4, 0, 1.1, 0.6});
  const auto results = value_and_gradients(repeated(p, n), [&](const std::vector<Var>& v) {
    const Var x = Law{v[0], v[1]}.sample(Key(2), {n});
    return sum(x * matmul(x, a, {.transpose_b = true}), -1);
  });
  Matrix twice = matrix_of(a);
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) twice[i][j] += a.at(static_cast<Index>(3 * j + i));
  const Matrix by_scale = product_of(twice, matrix_of(p[1]));
  const Vector loc = vector_of(p[0]);
  for_each_element(p, [&](std::size_t k, Index i) {
    const auto row = static_cast<std::size_t>(k == 0 ? i : i / 3), col = static_cast<std::size_t>(i % 3);
    long double expected = 0;
    for (std::size_t j = 0; j < 3 && k == 0; ++j) expected += twice[row][j] * loc[j];
    if (k == 1 && col <= row) expected = by_scale[row][col];
    const auto g = results[k + 1].view<double>();
    const Index size = p[k].size();
    long double mean = 0, squares = 0;
    for (Index draw = 0; draw < n; ++draw) mean += g[static_cast<std::size_t>(draw * size + i)] / (n * 1.0L);
    for (Index draw = 0; draw < n; ++draw)
      squares += std::pow(g[static_cast<std::size_t>(draw * size + i)] - mean, 2.0L);
    CAPTURE(k);
    CAPTURE(i);
    CHECK(std::abs(mean - expected) <= 4.9L * std::sqrt(squares) / n);
  });
}

TEST_CASE("MultivariateNormal: recorded and computed values are the same bits") {
  for (const Parameters& p : cases) {
    const Tensor x = stack({points_of(p, f64)[2], points_of(p, f64)[9]}).tensor();
    const auto results = run_recorded(p, [&](const std::vector<Var>& v) -> std::vector<Var> {
      const Law law{v[0], v[1]};
      return {law.log_prob(x), law.sample(Key(3), {5}), law.entropy(), law.variance(), kl(law, law)};
    });
    const Law law{p[0], p[1]};
    CHECK(identical(results[0], law.log_prob(x).tensor()));
    CHECK(identical(results[1], law.sample(Key(3), {5}).tensor()));
    CHECK(identical(results[2], law.entropy().tensor()));
    CHECK(identical(results[3], law.variance().tensor()));
    CHECK(std::abs(results[4].item()) < 1e-14);
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
  const std::vector<std::vector<Shape>> all{
      {{}, {}, {}},          {{}, {}, {4}},          {{}, {}, {5, 4}},          {{}, {4}, {4}},
      {{4}, {}, {4}},        {{3, 1}, {4}, {3, 4}},  {{}, {3, 1}, {3, 4}},      {{4}, {3, 1}, {3, 4}},
      {{}, {1, 4}, {3, 4}},  {{}, {1, 1}, {3, 4}},   {{}, {3, 1, 1}, {3, 4, 2}}, {{}, {3, 4}, {}},
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

TEST_CASE("MultivariateNormal: kl is its formula by inverses, 0 at p = q, and has its gradient") {
  const auto oracle = [](const Parameters& p) {
    const Matrix s = product_of(matrix_of(p[1]), matrix_of(p[1]), true);
    const Inverse q = inverse_of(product_of(matrix_of(p[3]), matrix_of(p[3]), true));
    const Vector from = vector_of(p[0]), to = vector_of(p[2]);
    long double result = q.log_det - inverse_of(s).log_det;
    for (std::size_t i = 0; i < s.size(); ++i) {
      result -= 1;
      for (std::size_t j = 0; j < s.size(); ++j)
        result += q.matrix[i][j] * (s[j][i] + (from[i] - to[i]) * (from[j] - to[j]));
    }
    return result / 2;
  };
  const Parameters p{cases[0][0], cases[0][1], column({1, 0, -0.5}),
                     square_of(3, {1.5, 0, 0, 0.3, 0.4, 0, -1, 0.2, 2})};
  const auto results = value_and_gradients(
      p, [](const std::vector<Var>& v) { return kl(Law{v[0], v[1]}, Law{v[2], v[3]}); });
  CHECK(near(results[0].item(), oracle(p), 1e-13));
  for_each_element(p, [&](std::size_t k, Index i) {
    if (k % 2 == 1 && i % 3 > i / 3) {
      CHECK(results[k + 1].at(i) == 0);
      return;
    }
    const long double expected = central_difference(
        [&](long double to) { return oracle(moved(p, k, i, to)); }, p[k].at(i), 0x1p-10L);
    CHECK(near(results[k + 1].at(i), expected, 1e-8));
  });
  for (const Parameters& same : cases) {
    const Law law{same[0], same[1]};
    CHECK(std::abs(kl(law, law).item()) < 1e-14);
  }
  CHECK(near(kl(Law{column({0.4}), square_of(1, {0.7})}, Law{column({-1}), square_of(1, {1.6})}).item(),
             kl(Normal{0.4, 0.7}, Normal{-1, 1.6}).item(), 1e-14));
}

TEST_CASE("MultivariateNormal: kl broadcasts leading axes and is at sites; sizes that differ are an error") {
  const Parameters& p = cases[0];
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
  CHECK(error_of([&] { (void)kl(one, Law{column({0, 0}), eye(2, f64)}, Where{"model.cpp", 7}); }) ==
        "[kl] vectors of 3 and 2 elements (at model.cpp:7)");
}

TEST_CASE("MultivariateNormal: 10^4 random factors leave no NaN, in densities, draws and their gradients") {
  constexpr Index n = 10000;
  std::mt19937_64 noise(5);
  std::normal_distribution<double> normal_number;
  for (DType dtype : {f64, f32}) {
    std::vector<double> loc, l;
    for (Index i = 0; i < 3 * n; ++i) loc.push_back(std::sinh(4 * normal_number(noise)));
    for (Index i = 0; i < n; ++i)
      for (int row = 0; row < 3; ++row)
        for (int col = 0; col < 3; ++col)
          l.push_back(col > row    ? 0
                      : col == row ? std::exp(3 * normal_number(noise))
                                   : std::sinh(2 * normal_number(noise)));
    const std::vector<Tensor> inputs{Tensor({n, 3}, std::span<const double>(loc)).cast(dtype),
                                     Tensor({n, 3, 3}, std::span<const double>(l)).cast(dtype)};
    const auto results = value_and_gradients(inputs, [&](const std::vector<Var>& v) {
      const Law law{v[0], v[1]};
      return law.log_prob(law.sample(Key(6), {n})) + law.log_prob(v[0] + 1);
    });
    for (const Tensor& g : results)
      for (double e : numbers(g)) CHECK(!std::isnan(e));
  }
}

}  // namespace tapir::vi::test
