// A training step of the autoencoder, written by hand for that one model.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "hand/gemm.hpp"

namespace tapir::bench::hand {

struct VaeSizes {
  long batch = 128, hidden = 400, latent = 20, pixels = 784;
};

/// Parameters in the order: encode/hidden weight, bias; heads weight [hidden, 2 latent], bias (loc | log
/// scale); decode/0 weight, bias; decode/1 weight, bias. Loss: the mean over the batch of cross entropy +
/// divergence.
class Vae {
 public:
  Vae(VaeSizes sizes, Blas blas, int threads, Share share);
  ~Vae();

  std::span<float> parameters();
  std::span<const float> gradient() const;
  /// Noise [batch, latent] for `step` instead of its own.
  void fix_noise(std::span<const float> noise);

  /// Loss and gradient at x [batch, pixels].
  float loss(const float* x);
  /// The same, then Adam with 1e-3; the loss before.
  float step(const float* x);
  /// The eleven products of a step, nothing else.
  void products(const float* x);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapir::bench::hand
