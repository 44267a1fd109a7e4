// Many draws of a gradient estimate, and their mean and variance.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <tapir/autodiff/stochastic/stochastic.hpp>

#include "log_derivative/problem.hpp"

namespace tapir::examples {

/// Element by element, of all draws.   source  Welford 1962
class Moments {
 public:
  void add(const double* values, std::size_t size);

  double draws() const { return draws_; }
  std::size_t size() const { return mean_.size(); }
  double mean(std::size_t i) const { return mean_[i]; }
  double variance(std::size_t i) const { return squares_[i] / (draws_ - 1); }
  /// The standard deviation of the mean.
  double error(std::size_t i) const;
  /// Of all elements.
  double mean_variance() const;

 private:
  double draws_ = 0;
  std::vector<double> mean_, squares_;
};

/// Which gradient of f = sum over i of E log p(x_i | t_i, w) is drawn.
enum class By { decoder, encoder };

/// An estimator for images [draws, images, latents, pixels]: what a learned baseline reads.
using EstimatorOf = std::function<Estimator(const Var& images)>;

struct DrawOptions {
  std::size_t draws = 2000;
  std::uint64_t seed = 0;
  /// Images in a minibatch, chosen with replacement; 0: all of them, once.
  Index batch = 0;
  /// Nats added to log p(x_i | t_i): nothing that the gradient could see.
  double offset = 0.0;
  /// Draws before those that count, for baselines that remember.
  std::size_t warm_up = 0;
};

/// Gradients by the decoder's weights [pixels], or by the encoder's outputs: loc, then log_scale, each
/// [images, latents].
///
/// All draws are elements of a plate, and so are the weights and the encoder's outputs: the gradient by the row of a
/// draw is that draw's estimate.
std::vector<Moments> draw_gradients(const Problem& problem, const EstimatorOf& estimator, By by,
                                    const DrawOptions& options);

/// A baseline that reads the image: nats per pixel as a linear function of the pixels, fitted by `Svi`.
EstimatorOf learned_baseline(const Problem& problem, std::uint64_t seed);

}  // namespace tapir::examples
