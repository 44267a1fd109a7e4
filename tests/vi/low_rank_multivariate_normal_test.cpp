// LowRankMultivariateNormal: its row, its errors; divergences among all Gaussian laws of vectors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/low_rank_multivariate_normal.hpp>

#include <limits>

#include <doctest/doctest.h>

#include <tapir/autodiff/ops/linalg.hpp>
#include <tapir/vi/distributions/iid.hpp>
#include <tapir/vi/kl.hpp>

#include "matrices.hpp"
#include "vector_case.hpp"

namespace tapir::vi::test {
namespace {

using Law = LowRankMultivariateNormal;

constexpr double infinity = std::numeric_limits<double>::infinity();

Matrix covariance_of(const Parameters& p) {
  Matrix s = gram_of(matrix_of(p[1]));
  for (std::size_t i = 0; i < s.size(); ++i) s[i][i] += p[2].at(static_cast<Index>(i));
  return s;
}

// By the whole covariance.
long double log_density(const Parameters& p, const Point& x) {
  const Inverse inverse = inverse_of(covariance_of(p));
  const Point loc = vector_of(p[0]);
  long double distance = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = 0; j < x.size(); ++j)
      distance += (x[i] - loc[i]) * inverse.matrix[i][j] * (x[j] - loc[j]);
  return -(distance + inverse.log_det + static_cast<long double>(x.size()) * log_2pi) / 2;
}

const std::vector<Parameters> cases{
    {column({0.3, -1}), table(2, 1, {0.7, -0.4}), column({0.5, 1.3})},
    {column({1, -0.5}), table(2, 1, {0.2, 1.5}), column({2, 0.1})},
    {column({0, 0.5, 1}), table(3, 1, {1, 0.5, -0.7}), column({0.3, 0.8, 1.6})},
    {column({0, 0.5, 1}), table(3, 2, {1, 0.5, -0.7, 0.2, 0.4, 2}), column({0.3, 0.8, 1.6})},
    {column({0, 0, 0, 0, 0}), table(5, 2, {1, -1, 2, 0.5, 0.1, 0.2, 3, 0, 0.7, 1.1}),
     column({1, 2, 0.1, 0.4, 1})}};

std::vector<Point> points_at(const Parameters& p) {
  Matrix l = matrix_of(p[1]);
  for (std::size_t i = 0; i < l.size(); ++i)
    for (std::size_t j = 0; j < l.size(); ++j)
      l[i].push_back(i == j ? std::sqrt(static_cast<long double>(p[2].at(static_cast<Index>(i)))) : 0);
  return points_about(vector_of(p[0]), l);
}

// What an error of a value far out along a shared cause moves.
double condition(const Parameters& p, DType) {
  double most = 1;
  for (Index i = 0; i < p[1].size(); ++i)
    most = std::max(most, std::abs(p[1].at(i)) / std::sqrt(p[2].at(i / p[1].shape().back())));
  return 16 * most;
}

// Gaussian.
double combined(const Point& x) { return static_cast<double>(2 * x.front() - x.back()); }

long double combined_cdf(const Parameters& p, double x) {
  const Matrix s = covariance_of(p);
  const long double variance = 4 * s.front().front() - 4 * s.front().back() + s.back().back();
  return std::erfc((combined(vector_of(p[0])) - x) / std::sqrt(2 * variance)) / 2;
}

Tensor random_positives(Index n, std::mt19937_64& noise) {
  std::vector<double> x;
  for (Index i = 0; i < n; ++i) x.push_back(random_positive(noise));
  return column(x);
}

// Columns of moderate size: see the domain.
Tensor random_columns(std::mt19937_64& noise) {
  std::normal_distribution<double> normal_number;
  std::vector<double> x;
  for (int i = 0; i < 6; ++i) x.push_back(3 * normal_number(noise));
  return table(3, 2, x);
}

const ListedVector row{
    {.name = "LowRankMultivariateNormal",
     .make = [](const std::vector<Var>& p) { return Law{.loc = p[0], .cov_factor = p[1], .cov_diag = p[2]}; },
     .cases = cases,
     .extremes = {{column({0, 0}), table(2, 1, {1e3, 1e3}), column({1e-2, 1e-3})},
                  {column({0, 1e-15}), table(2, 1, {1e-15, -3e-15}), column({1e-30, 4e-30})}},
     .log_prob = log_density,
     .points = points_at,
     .outside = {{1, infinity}, {-infinity, infinity}},
     .condition = condition,
     .projections = {{[](const Parameters&, const Point& x) { return combined(x); }, combined_cdf}},
     .random =
         [](std::mt19937_64& noise) {
           return Parameters{random_vector(3, noise), random_columns(noise), random_positives(3, noise)};
         }}};

}  // namespace

TEST_CASE("LowRankMultivariateNormal: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  const Tensor two = column({0, 0});
  CHECK(error_of([&] {
          Distribution(Law{two, table(2, 1, {1, 1}), column({1, 0})}).check(at);
        }) ==
        "[LowRankMultivariateNormal] cov_diag is 0 at [1] of f64[2], needs to be positive (at model.cpp:7)");
  CHECK(
      error_of([&] {
        (void)Law{column({0, 0, 0}), table(2, 1, {1, 1}), column({1, 1, 1})}.count(at);
      }) ==
      "[LowRankMultivariateNormal] loc is f64[3], cov_factor is f64[2,1], cov_diag is f64[3]; cov_factor has "
      "to be of 3 rows, cov_diag of 3 elements (at model.cpp:7)");
  CHECK(error_of([&] {
          (void)Law{two, two, two}.count(at);
        }) ==
        "[LowRankMultivariateNormal] cov_factor f64[2] has too few axes to consume; a value needs 2 (at "
        "model.cpp:7)");
  CHECK(error_of([&] {
          (void)Law{two, table(2, 1, {1, 1}), column({1, 1})}.log_prob({column({1}), at});
        }) == "[LowRankMultivariateNormal] x is f64[1]; its last axes have to be [2] (at model.cpp:7)");
}

// The whole covariance has lost all of this: 1e8 squared beside 1.
TEST_CASE("LowRankMultivariateNormal: a factor of 1e8 beside a diagonal of 1 costs no digits across it") {
  const Law law{column({0, 0}), table(2, 1, {1e8, 1e8}), column({1, 1})};
  // x'S^-1 x = |x|^2 - (a'x)^2/(1 + |a|^2): with x = (1, -1) it is 2, log |S| = log(1 + 2e16).
  const long double expected = -1 - std::log1p(2e16L) / 2 - log_2pi;
  CHECK(near(law.log_prob(column({1, -1})).item(), expected, 1e-14));
  // (2, 1): 9/(2 + 1e-16) along, 1/2 across, up to 1e-16.
  CHECK(near(law.log_prob(column({2, 1})).item(), -0.25L - std::log1p(2e16L) / 2 - log_2pi, 1e-14));
}

// ---- divergences among Gaussian laws of three elements ----

namespace {

struct GaussianLaw {
  std::string name;
  std::function<Distribution(const std::vector<Var>&)> make;
  Parameters parameters, other;
  std::function<Matrix(const Parameters&)> covariance;
};

Matrix of_scales(const Parameters& p) {
  Matrix s(3, Point(3));
  for (std::size_t i = 0; i < 3; ++i)
    s[i][i] = std::pow(static_cast<long double>(p[1].at(static_cast<Index>(i))), 2);
  return s;
}

const Tensor here_loc = column({0.3, -1, 0.5}), there_loc = column({1, 0, -0.5});

const std::vector<GaussianLaw> laws{
    {"diagonal",
     [](const std::vector<Var>& p) -> Distribution {
       return Normal{p[0], p[1]};
     },
     {here_loc, column({0.7, 1.3, 0.9})},
     {there_loc, column({1.1, 0.2, 2})},
     of_scales},
    {"full",
     [](const std::vector<Var>& p) -> Distribution {
       return MultivariateNormal{p[0], p[1]};
     },
     {here_loc, square_of(3, {0.7, 0, 0, -0.4, 1.3, 0, 0.2, 0.5, 0.9})},
     {there_loc, square_of(3, {1.5, 0, 0, 0.3, 0.4, 0, -1, 0.2, 2})},
     [](const Parameters& p) { return gram_of(matrix_of(p[1])); }},
    {"low rank",
     [](const std::vector<Var>& p) -> Distribution {
       return Law{p[0], p[1], p[2]};
     },
     {here_loc, table(3, 2, {1, 0.5, -0.7, 0.2, 0.4, 2}), column({0.3, 0.8, 1.6})},
     {there_loc, table(3, 1, {0.1, -2, 1}), column({1.3, 0.2, 0.6})},
     covariance_of}};

// At a site in no plates: a Normal there has own axes.
Var divergence(const Distribution& p, const Distribution& q) {
  const auto result = kl(p.aligned({}), q.aligned({}));
  REQUIRE(result);
  return *result;
}

long double oracle(const Point& loc_p, const Matrix& s, const Point& loc_q, const Matrix& of_q) {
  const Inverse q = inverse_of(of_q);
  long double result = q.log_det - inverse_of(s).log_det;
  for (std::size_t i = 0; i < s.size(); ++i) {
    result -= 1;
    for (std::size_t j = 0; j < s.size(); ++j)
      result += q.matrix[i][j] * (s[j][i] + (loc_p[i] - loc_q[i]) * (loc_p[j] - loc_q[j]));
  }
  return result / 2;
}

}  // namespace

TEST_CASE("Gaussian vectors: kl of diagonal, full and low rank laws, crosswise, is its formula by inverses") {
  for (const GaussianLaw& p : laws)
    for (const GaussianLaw& q : laws) {
      CAPTURE(p.name);
      CAPTURE(q.name);
      const auto expected = [&](const Parameters& a, const Parameters& b) {
        return oracle(vector_of(a[0]), p.covariance(a), vector_of(b[0]), q.covariance(b));
      };
      Parameters both = p.parameters;
      both.insert(both.end(), q.other.begin(), q.other.end());
      const auto count = static_cast<std::ptrdiff_t>(p.parameters.size());
      const auto results = value_and_gradients(both, [&](const std::vector<Var>& v) {
        return divergence(p.make({v.begin(), v.begin() + count}), q.make({v.begin() + count, v.end()}));
      });
      CHECK(near(results[0].item(), expected(p.parameters, q.other), 1e-13));
      CHECK(near(divergence(p.make(vars_of(p.parameters)), q.make(vars_of(q.other))).item(),
                 expected(p.parameters, q.other), 1e-13));
      for_each_element(both, [&](std::size_t k, Index i) {
        if (both[k].shape() == Shape{3, 3} && i % 3 > i / 3) {
          CHECK(results[k + 1].at(i) == 0);
          return;
        }
        const long double slope = central_difference(
            [&](long double to) {
              const Parameters at = moved(both, k, i, to);
              return expected({at.begin(), at.begin() + count}, {at.begin() + count, at.end()});
            },
            both[k].at(i), 0x1p-10L);
        CAPTURE(k);
        CAPTURE(i);
        CHECK(near(results[k + 1].at(i), slope, 1e-7));
      });
    }
}

TEST_CASE("Gaussian vectors: kl of equal laws, written in different ways, is 0 to rounding") {
  const Tensor w = table(3, 1, {1, 0.5, -0.7}), d = column({0.3, 0.8, 1.6}), none = table(3, 1, {0, 0, 0});
  const Law low{here_loc, w, d};
  const Tensor s = (matmul(w, w, {.transpose_b = true}) + diag_embed(d)).tensor();
  const auto full = MultivariateNormal::covariance(here_loc, s);
  CHECK(std::abs(kl(low, low).item()) < 1e-14);
  CHECK(std::abs(kl(low, full).item()) < 1e-14);
  CHECK(std::abs(kl(full, low).item()) < 1e-14);
  const Normal diagonal{here_loc, sqrt(d)};
  const Law flat{here_loc, none, d};
  const MultivariateNormal straight{here_loc, diag_embed(sqrt(d))};
  CHECK(std::abs(kl(diagonal, flat).item()) < 1e-14);
  CHECK(std::abs(kl(flat, diagonal).item()) < 1e-14);
  CHECK(std::abs(kl(diagonal, straight).item()) < 1e-14);
  CHECK(std::abs(kl(straight, diagonal).item()) < 1e-14);
}

TEST_CASE("Gaussian vectors: kl at a site sums independent axes, and meets iid and shared parameters") {
  const std::vector<PlateAxis> plate{{"rows", 4}};
  const MultivariateNormal full{laws[1].parameters[0], laws[1].parameters[1]};
  const Law low{laws[2].parameters[0], laws[2].parameters[1], laws[2].parameters[2]};
  const double once = kl(Normal{0, 1}, full).item(), back = kl(full, Normal{0, 1}).item();
  CHECK(near(kl(iid(Normal{0, 1}, {3}), full)->item(), once, 1e-14));
  CHECK(near(kl(full, iid(Normal{0, 1}, {3}))->item(), back, 1e-14));
  const auto at = [&](const Distribution& law) { return law.aligned(plate); };
  // Rows of 4, own axes [2, 3]: two independent vectors each.
  const Tensor loc = Tensor(Shape{4, 2, 3}, std::span<const double>(std::vector<double>(24, 0.0)));
  for (const Distribution& vectors : {Distribution(iid(full, {2})), Distribution(iid(low, {2}))}) {
    const double one = (vectors.name() == full.name ? kl(Normal{0, 1}, full) : kl(Normal{0, 1}, low)).item();
    for (const Distribution& numbers_law :
         {Distribution(Normal{loc, 1}), Distribution(iid(Normal{0, 1}, {2, 3}))}) {
      const auto result = kl(at(numbers_law), at(vectors));
      REQUIRE(result);
      REQUIRE(result->shape() == Shape{4});
      for (double e : numbers(*result)) CHECK(near(e, 2 * one, 1e-14));
      CHECK(kl(at(vectors), at(numbers_law))->shape() == Shape{4});
    }
  }
  CHECK(error_of([&] {
          (void)kl(low, MultivariateNormal{column({0}), square_of(1, {1})}, Where{"model.cpp", 7});
        }) == "[kl] vectors of 3 and 1 elements (at model.cpp:7)");
}

}  // namespace tapir::vi::test
