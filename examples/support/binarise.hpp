// Binarisation: gray pixels as independent coin flips.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "support/images.hpp"

namespace tapir::examples {

/// Which coin flips: those of an epoch of a run.
struct Flips {
  std::uint64_t seed = 0, epoch = 0;
};

/// Flips a coin of probability pixel / 255 for each pixel of images[rows[0]], images[rows[1]], ... The flips
/// of an image are a pure function of (seed, epoch, its index), so neither batches nor threads change them.
/// Black is always 0 and white always 1; the probability is right to 8e-6 (16 random bits per pixel).
///
///   shapes    images [N, r, c], rows [n]  ->  out [n, r * c], resized if need be
///   errors    "[binarise] row 60000 is out of range for 60000 images"
///   cost      about 0.3 ns per pixel of a digit, 0.7 where nothing is black
///   source    Salakhutdinov & Murray 2008 for the practice
void binarise(const Images& images, std::span<const std::uint32_t> rows, Flips flips, Floats& out);

/// The same for all images, in order.
Floats binarise(const Images& images, Flips flips);

/// The test set's flips: one draw for all time, whatever the seed of the run.
inline constexpr Flips test_flips = {0x7465737420736574, 0};  // "test set"

}  // namespace tapir::examples
