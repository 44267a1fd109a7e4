// How good an autoencoder is: ELBO and log likelihood of the test images.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <tapir/vi/svi.hpp>

#include "support/inputs.hpp"

namespace tapir::examples {

struct ImportanceOptions {
  std::size_t samples = 500;   ///< per image
  std::size_t every = 10;      ///< which images: the first, and each that many further
  std::size_t particles = 50;  ///< samples and images that are in memory at once
  std::size_t images = 20;
};

/// Asks `svi` about test images, a chunk at a time. `plate`: the size of the plate that its model opens for
/// images; no chunk is larger. They are binarised by `test_flips`, so that all runs see the same pixels.
class Evaluation {
 public:
  Evaluation(vi::Svi& svi, const Images& images, std::size_t plate)
      : svi_(svi), images_(images), plate_(plate) {}
  Evaluation(vi::Svi& svi, Images&& images, std::size_t plate) = delete;  // the images must outlive this

  /// The mean ELBO in nats per image, one draw for each.
  double elbo();

  /// The mean over images of log (1/K) sum_k p(x, z_k) / q(z_k | x), K = options.samples: a lower bound of the
  /// log likelihood, in nats per image.
  ///
  ///   source    Burda, Grosse & Salakhutdinov 2016
  double log_likelihood(const ImportanceOptions& options = {});

 private:
  double log_likelihood_of(std::span<const std::uint32_t> rows, const ImportanceOptions& options);

  vi::Svi& svi_;
  const Images& images_;
  std::size_t plate_;
  Inputs inputs_;
};

}  // namespace tapir::examples
