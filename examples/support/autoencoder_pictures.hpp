// What an autoencoder sees and dreams, as pictures.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/svi.hpp>

#include "support/autoencoder_options.hpp"

namespace tapir::examples {

// `model` takes binarised images, has one latent site "z", and returns the logits of the pixels. Without
// `--out`, nothing is drawn.

/// reconstructions.png: test images, and beside each the pixels that one draw of its z expects. prior.png: the
/// pixels that draws from the prior expect.
void draw_pictures(vi::Svi& svi, const vi::Model& model, const Digits& digits,
                   const AutoencoderOptions& options);

/// manifold.png: the pixels that z expects, for z from (-2, 2) at the top left to (2, -2) at the bottom right.
/// Only of two latent variables.
void draw_manifold(const vi::Model& model, const Digits& digits, const AutoencoderOptions& options);

}  // namespace tapir::examples
