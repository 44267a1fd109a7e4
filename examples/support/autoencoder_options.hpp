// What the command line of an autoencoder says, and the data that it names.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>

#include <tapir/autodiff/tensor/dtype.hpp>

#include "support/digits.hpp"
#include "support/options.hpp"

namespace tapir::examples {

/// The machine's, but at most four: a small step has no work for more.
int usual_threads();

struct AutoencoderOptions {
  std::optional<std::filesystem::path> data = {};
  std::size_t epochs = 10, batch = 128;
  Index hidden = 400, latent = 20;
  double learning_rate = 1e-3;
  std::uint64_t seed = 0;
  int threads = usual_threads();
  std::optional<std::filesystem::path> out = {}, metrics = {};

  /// The seed, its 64 bits as the library counts.
  Index signed_seed() const { return static_cast<Index>(seed); }
};

/// Names these options on a command line; the values that `options` has now are the defaults.
void declare(Options& command, AutoencoderOptions& options);

/// The images to train on and to test with. Whatever can be refused before training is refused here: data that are
/// none, a batch that is larger, a folder of pictures that cannot be written to.
///
///   errors    "--batch is 60001: the training set has 60000 images"; those of `load` and `make_output_directory`
Digits load(const AutoencoderOptions& options);

}  // namespace tapir::examples
