// The autoencoder of examples/vae, trained through the public API.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <tapir/nn/nn.hpp>
#include <tapir/vi/vi.hpp>

#include "hand/vae.hpp"

namespace tapir::bench {

struct VaeSetting {
  Index batch = 128, hidden = 400, latent = 20;
  int threads = 1;
  Precision precision = Precision::full;

  std::string str() const;
};

/// 784-H-(20, 20)-H-784, f32, relu, Bernoulli logits, closed divergence.
class TapirVae {
 public:
  TapirVae(const VaeSetting& setting, Optimizer optimizer);

  Params params;
  vi::Svi svi;
};

/// Pixels of 0 and 1, [batch, 784].
Tensor digits(const VaeSetting& setting);

/// The hand-written step with the same parameters; `onto` copies them there, `from` a gradient or parameters
/// back, in the order of tapir's.
hand::VaeSizes sizes(const VaeSetting& setting);
hand::Share share(int threads);
void copy_parameters(const Params& from, hand::Vae& onto);
std::vector<double> in_order_of(const Params& params, std::span<const float> by_hand,
                                const VaeSetting& setting);

/// What one step of "tapir" or "hand" does: {which, batch, hidden, threads}.
std::function<void()> vae_contestant(const std::vector<std::string>& words);

}  // namespace tapir::bench
