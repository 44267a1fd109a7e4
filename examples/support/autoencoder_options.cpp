// What the command line of an autoencoder says, and the data that it names.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/autoencoder_options.hpp"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "support/files.hpp"

namespace tapir::examples {

int usual_threads() { return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 4U)); }

void declare(Options& command, AutoencoderOptions& options) {
  command.path("--data", options.data, "DIR",
               "folder of four IDX files; else $TAPIR_DATA/mnist, else drawn digits");
  command.count("--epochs", options.epochs, "passes over the training images", 0);
  command.count("--batch", options.batch, "images in a step");
  command.count("--hidden", options.hidden, "units of each hidden layer");
  command.count("--latent", options.latent, "latent variables");
  command.positive("--learning-rate", options.learning_rate, "of Adam");
  command.seed("--seed", options.seed, "of parameters, noise, order and binarisation");
  command.count("--threads", options.threads, "threads; their number changes no result");
  command.path("--out", options.out, "DIR", "folder for pictures");
  command.path("--metrics", options.metrics, "FILE", "file for the metrics, as JSON lines");
}

Digits load(const AutoencoderOptions& options) {
  Digits digits = load(options.data);
  if (options.batch > digits.train.size()) {
    throw UsageError(
        fmt::format("--batch is {}: the training set has {} images", options.batch, digits.train.size()));
  }
  if (options.out) make_output_directory(*options.out);
  return digits;
}

}  // namespace tapir::examples
