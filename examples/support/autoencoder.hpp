// Training an autoencoder of binarised images, and reporting on it.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/svi.hpp>

#include "support/autoencoder_options.hpp"

namespace tapir::examples {

/// Trains `svi`, whose model and guide take binarised images [rows, 784] and open a plate of all training images
/// for them. Shows progress and writes metrics: a line for each epoch, and a last one with the log likelihood.
void train(vi::Svi& svi, const Digits& digits, const AutoencoderOptions& options);

}  // namespace tapir::examples
