// Handwritten-looking digits drawn from strokes: the data of every example when no other is given.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>

#include "support/images.hpp"

namespace tapir::examples {

/// Draws `count` images of 28x28 with labels 0 .. 9, in the manner of MNIST: a glyph of pen strokes through
/// jittered points, slanted, rotated, stretched and bent, fitted to a box of about 20x20, its centre of mass
/// near the middle, drawn by a pen of random weight, antialiased. Image i is a pure function of (seed, i).
///
///   shapes    images [count, 28, 28], labels [count]
///   cost      about 25 us per image
LabelledImages draw_digits(std::uint64_t seed, std::size_t count);

}  // namespace tapir::examples
