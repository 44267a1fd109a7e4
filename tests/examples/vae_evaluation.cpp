// What is said of an autoencoder's test images, against quadrature over its one latent variable.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/autoencoder_evaluation.hpp"

#include <array>
#include <cmath>
#include <numbers>

#include <doctest/doctest.h>

#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/vi/vi.hpp>

namespace tapir::examples {
namespace {

using vi::Context;
using Pixels = std::array<double, 4>;

/// Pixels j of logits slope[j] z + offset[j], z standard normal; the guide's z has mean weights . x.
struct Toy {
  Pixels slope, offset, weights;
  double scale;
};

/// Images of 2x2 pixels, black or white: all 16 in turn, so that binarisation leaves nothing to chance.
Images patterns(std::size_t count) {
  Images images({count, 2, 2});
  for (std::size_t i = 0; i < images.size(); ++i) images.data()[i] = i / 4 >> i % 4 & 1 ? 255 : 0;
  return images;
}

Var vector(const Pixels& values, const Shape& shape) {
  return Tensor(shape, std::span<const double>(values)).cast(f32);
}

vi::Svi svi_of(const Toy& toy, Index plate) {
  const auto guide = [=](Context& c, const Var& x) {
    const auto rows = c.plate("images", plate, x.shape()[0]);
    c.sample("z", vi::Normal{.loc = matmul(x, vector(toy.weights, {4, 1})), .scale = toy.scale});
  };
  const auto model = [=](Context& c, const Var& x) {
    const auto rows = c.plate("images", plate, x.shape()[0]);
    const Var z = c.sample("z", vi::iid(vi::Normal{0, 1}, {1}));
    c.observe("x", vi::Bernoulli{.logits = z * vector(toy.slope, {4}) + vector(toy.offset, {4})}, x);
  };
  return vi::Svi(Params(0, f32), model, guide, sgd(0.1), {.threads = 1, .seed = 1});
}

double normal_density(double x, double loc, double scale) {
  return std::exp(-0.5 * std::pow((x - loc) / scale, 2)) / (scale * std::sqrt(2 * std::numbers::pi));
}

/// p(x | z) for the image that is number `pattern`.
double likelihood(const Toy& toy, std::size_t pattern, double z) {
  double product = 1;
  for (std::size_t j = 0; j < 4; ++j)
    product /= 1 + std::exp((pattern >> j & 1 ? -1 : 1) * (toy.slope[j] * z + toy.offset[j]));
  return product;
}

/// Integrals over z of what one draw of the guide is worth, w = p(x, z) / q(z | x).
struct Exact {
  double likelihood = 0;             // E[w]
  double square = 0;                 // E[w^2]
  double elbo = 0;                   // E[log p(x | z)] - KL
  double log_likelihood_square = 0;  // E[(log p(x | z))^2]
  double log_likelihood_mean = 0;

  double elbo_variance() const { return log_likelihood_square - std::pow(log_likelihood_mean, 2); }
};

Exact exact(const Toy& toy, std::size_t pattern) {
  double loc = 0;
  for (std::size_t j = 0; j < 4; ++j) loc += pattern >> j & 1 ? toy.weights[j] : 0;
  Exact result;
  constexpr double step = 1.0 / 128, reach = 12;  // the trapezoidal rule is exact to rounding here
  for (double z = -reach; z <= reach; z += step) {
    const double p = likelihood(toy, pattern, z), prior = normal_density(z, 0, 1),
                 q = normal_density(z, loc, toy.scale);
    result.likelihood += step * p * prior;
    result.square += step * p * prior * p * prior / q;
    result.log_likelihood_mean += step * q * std::log(p);
    result.log_likelihood_square += step * q * std::log(p) * std::log(p);
  }
  const double divergence = -std::log(toy.scale) + (toy.scale * toy.scale + loc * loc - 1) / 2;
  result.elbo = result.log_likelihood_mean - divergence;
  return result;
}

constexpr Toy toy{
    .slope = {2, -1, 1.5, 0}, .offset = {0.5, 0, -1, 1}, .weights = {0.8, -0.3, 0.6, 0}, .scale = 0.9};

// |z| < 4.5: a false alarm in 7e-6 of seeds.
TEST_CASE("evaluation: the ELBO of all images agrees with quadrature, whatever the plate") {
  constexpr std::size_t count = 1600;
  const Images images = patterns(count);
  double elbo = 0, variance = 0;
  for (std::size_t pattern = 0; pattern < 16; ++pattern) {
    elbo += exact(toy, pattern).elbo / 16;
    variance += exact(toy, pattern).elbo_variance() / 16;
  }
  for (const Index plate : {7, 1600, 60000}) {
    vi::Svi svi = svi_of(toy, plate);
    const double estimate = Evaluation(svi, images, static_cast<std::size_t>(plate)).elbo();
    CHECK(std::abs(estimate - elbo) / std::sqrt(variance / count) < 4.5);
  }
}

// The mean of K weights has variance (E[w^2] - p^2)/K; its logarithm, by the delta method, that over p^2, and a
// bias of minus half of it. |z| < 4.5: a false alarm in 7e-6 of seeds.
TEST_CASE("evaluation: the log likelihood agrees with quadrature, a chunk after the other") {
  const ImportanceOptions options{.samples = 330, .every = 3, .particles = 100, .images = 32};
  const Images images = patterns(480);  // of which 160 are asked about, each pattern equally often
  double log_likelihood = 0, variance = 0;
  for (std::size_t pattern = 0; pattern < 16; ++pattern) {
    const Exact of = exact(toy, pattern);
    const double relative = (of.square / std::pow(of.likelihood, 2) - 1) / 330;
    log_likelihood += (std::log(of.likelihood) - relative / 2) / 16;
    variance += relative / 16;
  }
  vi::Svi svi = svi_of(toy, 1000);
  const double estimate = Evaluation(svi, images, 1000).log_likelihood(options);
  CHECK(std::abs(estimate - log_likelihood) / std::sqrt(variance / 160) < 4.5);
}

TEST_CASE("evaluation: weights that do not vary give the log likelihood itself") {
  constexpr Toy blind{.slope = {}, .offset = {0.5, 0, -1, 1}, .weights = {}, .scale = 1};
  double log_likelihood = 0;
  for (std::size_t pattern = 0; pattern < 16; ++pattern)
    log_likelihood += std::log(likelihood(blind, pattern, 0)) / 16;
  const Images images = patterns(48);
  for (const ImportanceOptions& options :
       {ImportanceOptions{.every = 1},
        ImportanceOptions{.samples = 7, .every = 3, .particles = 3, .images = 5}}) {
    vi::Svi svi = svi_of(blind, 20);
    Evaluation evaluation(svi, images, 20);
    CHECK(std::abs(evaluation.log_likelihood(options) - log_likelihood) < 2e-6);  // sums of f32
    CHECK(std::abs(evaluation.elbo() - log_likelihood) < 2e-6);
  }
}

}  // namespace
}  // namespace tapir::examples
