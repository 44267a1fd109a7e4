// Mixtures of vectors: their rows.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include <tapir/vi/distributions/distributions.hpp>

#include "matrices.hpp"
#include "recorded_run.hpp"
#include "vector_suite.hpp"

namespace tapir::vi::test {
namespace {

using Vars = std::vector<Var>;
constexpr double infinity = std::numeric_limits<double>::infinity();

// log sum of softmax(logits)_k exp(terms_k)
long double weighted(const Tensor& logits, const Point& terms) {
  long double most = -infinity, total = 0, weights = 0;
  for (std::size_t k = 0; k < terms.size(); ++k)
    most = std::max(most, terms[k] + logits.at(static_cast<Index>(k)));
  for (std::size_t k = 0; k < terms.size(); ++k) {
    const long double l = logits.at(static_cast<Index>(k));
    total += std::exp(terms[k] + l - most);
    weights += std::exp(l);
  }
  return most + std::log(total) - std::log(weights);
}

Tensor array(const Shape& shape, const std::vector<double>& elements) {
  return {shape, std::span<const double>(elements)};
}

// Around each component in turn.
std::vector<Point> around(const Tensor& loc, const std::function<Matrix(Index)>& factor) {
  const Index dims = loc.shape().back(), count = loc.size() / dims;
  std::vector<Point> points;
  for (Index k = 0; k < count; ++k) {
    Point middle;
    for (Index i = 0; i < dims; ++i) middle.push_back(loc.at(k * dims + i));
    const auto all = points_about(middle, factor(k));
    for (std::size_t j = static_cast<std::size_t>(k); j < all.size(); j += static_cast<std::size_t>(count))
      points.push_back(all[j]);
  }
  return points;
}

// The probability that coordinate 0 is at most x.
long double first_below(const Parameters& p, double x, const std::function<long double(Index)>& scale) {
  const Index count = p[0].size(), dims = p[1].shape().back();
  long double total = 0, weights = 0;
  for (Index k = 0; k < count; ++k) {
    const long double weight = std::exp(static_cast<long double>(p[0].at(k)));
    weights += weight;
    total += weight *
             std::erfc((p[1].at(k * dims) - static_cast<long double>(x)) / (scale(k) * std::sqrt(2.0L))) / 2;
  }
  return total / weights;
}

// ---- of independent elements ----

Matrix diagonal_of(const Tensor& scale, Index k) {
  const Index dims = scale.shape().back();
  Matrix factor(static_cast<std::size_t>(dims), Point(static_cast<std::size_t>(dims)));
  for (Index i = 0; i < dims; ++i)
    factor[static_cast<std::size_t>(i)][static_cast<std::size_t>(i)] = scale.at(k * dims + i);
  return factor;
}

const ListedVector of_diagonal_normals{
    {.name = "Mixture of diagonal Normals",
     .make =
         [](const Vars& p) {
           return Mixture(Categorical{p[0]}, Independent(Normal{.loc = p[1], .scale = p[2]}, 1));
         },
     .cases = {{column({0.3, -0.4}), table(2, 2, {-1, 0.5, 1.2, -0.3}), table(2, 2, {0.8, 0.5, 0.6, 1.1})},
               {column({-0.5, 0}), table(2, 2, {0, 0.4, 0.2, 0}), table(2, 2, {1, 1.5, 0.7, 0.6})},
               {column({-3, 2}), table(2, 2, {4, 0, -4, 1}), table(2, 2, {0.1, 3, 2, 0.5})}},
     .extremes = {{column({0, -60}), table(2, 2, {-1e3, 0, 1e3, 0}), table(2, 2, {1e-30, 1e30, 1, 1})},
                  {column({-700, 0}), table(2, 2, {0, 0, 0, 0}), table(2, 2, {1e30, 1e30, 1e30, 1e-30})}},
     .log_prob =
         [](const Parameters& p, const Point& x) {
           Point terms;
           for (Index k = 0; k < p[0].size(); ++k) {
             long double term = 0;
             for (std::size_t i = 0; i < x.size(); ++i) {
               const Index at = k * static_cast<Index>(x.size()) + static_cast<Index>(i);
               const long double z = (x[i] - p[1].at(at)) / p[2].at(at);
               term -= z * z / 2 + std::log(static_cast<long double>(p[2].at(at))) + log_2pi / 2;
             }
             terms.push_back(term);
           }
           return weighted(p[0], terms);
         },
     .points =
         [](const Parameters& p) { return around(p[1], [&](Index k) { return diagonal_of(p[2], k); }); },
     .outside = {{0, infinity}, {-infinity, 1}},
     .projections = {{[](const Parameters&, const Point& x) { return static_cast<double>(x[0]); },
                      [](const Parameters& p, double x) {
                        return first_below(p, x, [&](Index k) { return p[2].at(k * p[2].shape().back()); });
                      }}},
     .random =
         [](std::mt19937_64& noise) {
           std::vector<double> loc, scale;
           const double size = random_positive(noise);
           for (int i = 0; i < 4; ++i) {
             loc.push_back(size * random_vector(1, noise).at(0));
             scale.push_back(random_positive(noise));
           }
           return Parameters{random_vector(2, noise), table(2, 2, loc), table(2, 2, scale)};
         }}};

// ---- with correlations ----

Matrix factor_of(const Tensor& scale_tril, Index k) {
  const Index dims = scale_tril.shape().back();
  Point elements;
  for (Index i = 0; i < dims * dims; ++i) elements.push_back(scale_tril.at(k * dims * dims + i));
  return matrix_of(elements, static_cast<std::size_t>(dims));
}

const ListedVector of_multivariate_normals{
    {.name = "Mixture of MultivariateNormals",
     .make =
         [](const Vars& p) {
           return Mixture(Categorical{p[0]}, MultivariateNormal{.loc = p[1], .scale_tril = p[2]});
         },
     .cases = {{column({0.3, -0.4}), table(2, 2, {-1, 0.5, 1.2, -0.3}),
                array({2, 2, 2}, {0.8, 0, 0.5, 0.6, 1.1, 0, -0.3, 0.7})},
               {column({-0.5, 0}), table(2, 2, {0, 0.4, 0.2, 0}),
                array({2, 2, 2}, {1, 0, 0.8, 0.6, 0.7, 0, 0, 1})},
               {column({-3, 2}), table(2, 2, {4, 0, -4, 1}), array({2, 2, 2}, {0.1, 0, 3, 2, 0.5, 0, 1, 1})}},
     .extremes = {{column({0, -60}), table(2, 2, {-1e3, 0, 1e3, 0}),
                   array({2, 2, 2}, {1e-15, 0, 1e-15, 1e-15, 1e15, 0, 1e15, 1e15})}},
     .log_prob =
         [](const Parameters& p, const Point& x) {
           Point terms;
           for (Index k = 0; k < p[0].size(); ++k) {
             const Inverse inverse = inverse_of(factor_of(p[2], k));
             Point centred = x;
             for (std::size_t i = 0; i < x.size(); ++i)
               centred[i] -= p[1].at(k * static_cast<Index>(x.size()) + static_cast<Index>(i));
             terms.push_back(-inverse.log_det - (squared_norm(applied(inverse.matrix, centred)) +
                                                 static_cast<long double>(x.size()) * log_2pi) /
                                                    2);
           }
           return weighted(p[0], terms);
         },
     .points = [](const Parameters& p) { return around(p[1], [&](Index k) { return factor_of(p[2], k); }); },
     .outside = {{0, infinity}, {-infinity, 1}},
     .condition =
         [](const Parameters& p, DType) {
           double most = 0;
           for (Index k = 0; k < p[0].size(); ++k) most = std::max(most, condition_of(factor_of(p[2], k)));
           return most;
         },
     .projections = {{[](const Parameters&, const Point& x) { return static_cast<double>(x[0]); },
                      [](const Parameters& p, double x) {
                        return first_below(p, x, [&](Index k) { return factor_of(p[2], k)[0][0]; });
                      }}},
     .random =
         [](std::mt19937_64& noise) {
           std::vector<double> factors = {}, loc;
           for (int k = 0; k < 2; ++k) {
             const Tensor l = random_factor(2, noise);
             for (Index i = 0; i < 4; ++i) factors.push_back(l.at(i));
             loc.push_back(random_vector(1, noise).at(0));
             loc.push_back(random_vector(1, noise).at(0));
           }
           return Parameters{random_vector(2, noise), table(2, 2, loc), array({2, 2, 2}, factors)};
         }}};

}  // namespace
}  // namespace tapir::vi::test
