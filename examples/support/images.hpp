// Grayscale images and their labels as xtensor arrays.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>

#include <xtensor/xtensor.hpp>

namespace tapir::examples {

using Images = xt::xtensor<std::uint8_t, 3>;   ///< [N, rows, columns], 0 is background
using Labels = xt::xtensor<std::uint8_t, 1>;   ///< [N]
using Picture = xt::xtensor<std::uint8_t, 2>;  ///< [rows, columns]
using Floats = xt::xtensor<float, 2>;          ///< [N, rows * columns]

/// Images with one label each.
struct LabelledImages {
  Images images;
  Labels labels;
  std::size_t size() const { return labels.size(); }
};

/// Floats [N, rows * columns] in [0, 1] as bytes [N, rows, columns]: rounded, clamped, NaN as 0.
///
///   errors    "[to_images] 783 values per row are not an image of 28x28"
Images to_images(const Floats& values, std::size_t rows = 28, std::size_t columns = 28);

/// The first `count` images (all of them if there are fewer).
Images first(const Images& images, std::size_t count);

}  // namespace tapir::examples
