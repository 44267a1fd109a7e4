// Grayscale PNG files and the layouts of digits that the examples draw.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>

#include "support/images.hpp"

namespace tapir::examples {

/// Writes an 8-bit grayscale PNG, whole or not at all.
///
///   errors    "cannot write out/digits.png: No such file or directory"
///             "cannot write out/digits.png: the picture is empty"
void write_png(const std::filesystem::path& path, const Picture& picture);

/// How images are laid out on a picture.
struct Layout {
  std::size_t columns = 10;
  std::size_t spacing = 2;       ///< pixels between neighbours and around the whole
  std::size_t zoom = 2;          ///< each pixel becomes zoom x zoom
  std::uint8_t background = 40;  ///< what shows between the images
};

/// Images in rows, from left to right and top to bottom; places that are left over show the background.
Picture image_grid(const Images& images, const Layout& layout = {});

/// Pairs of an original and, close to its right, the reconstruction; `layout.columns` counts pairs.
///
///   errors    "[side_by_side] 64 originals of 28x28, but 60 reconstructions of 28x28"
Picture side_by_side(const Images& originals, const Images& reconstructions,
                     const Layout& layout = {.columns = 8});

}  // namespace tapir::examples
