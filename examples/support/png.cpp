// Grayscale PNG files and the layouts of digits that the examples draw.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/png.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>
#include <png.h>

#include "support/files.hpp"

namespace tapir::examples {
namespace {

void require_columns(const Layout& layout) {
  if (layout.columns == 0 || layout.zoom == 0) {
    throw std::invalid_argument("[image_grid] a layout needs at least one column and a zoom of at least one");
  }
}

Picture zoomed(const Picture& picture, std::size_t zoom) {
  if (zoom == 1) return picture;
  Picture large({picture.shape(0) * zoom, picture.shape(1) * zoom});
  for (std::size_t row = 0; row < large.shape(0); ++row) {
    for (std::size_t column = 0; column < large.shape(1); ++column) {
      large(row, column) = picture(row / zoom, column / zoom);
    }
  }
  return large;
}

void paste(Picture& picture, const Images& images, std::size_t index, std::size_t top, std::size_t left) {
  const std::size_t width = images.shape(2);
  for (std::size_t row = 0; row < images.shape(1); ++row) {
    std::copy_n(&images(index, row, 0), width, &picture(top + row, left));
  }
}

/// Extent of `count` tiles with gaps between them and a margin around the whole.
std::size_t extent(std::size_t count, std::size_t tile, std::size_t gap) {
  return count * (tile + gap) + gap;
}

}  // namespace

void write_png(const std::filesystem::path& path, const Picture& picture) {
  if (picture.size() == 0)
    throw std::runtime_error(fmt::format("cannot write {}: the picture is empty", path.string()));
  write_file(path, [&](std::FILE* file) {
    png_image header{};
    header.version = PNG_IMAGE_VERSION;
    header.format = PNG_FORMAT_GRAY;
    header.height = static_cast<png_uint_32>(picture.shape(0));
    header.width = static_cast<png_uint_32>(picture.shape(1));
    const auto stride = static_cast<png_int_32>(picture.shape(1));
    if (png_image_write_to_stdio(&header, file, 0, picture.data(), stride, nullptr) == 0 &&
        std::ferror(file) == 0) {
      throw std::runtime_error(
          fmt::format("cannot write {}: {}", path.string(), std::string_view(header.message)));
    }
  });
}

Picture image_grid(const Images& images, const Layout& layout) {
  require_columns(layout);
  const std::size_t height = images.shape(1), width = images.shape(2), gap = layout.spacing;
  const std::size_t columns = std::min(layout.columns, std::max<std::size_t>(images.shape(0), 1));
  const std::size_t rows = (images.shape(0) + columns - 1) / columns;
  Picture picture({extent(rows, height, gap), extent(columns, width, gap)});
  picture.fill(layout.background);
  for (std::size_t i = 0; i < images.shape(0); ++i) {
    paste(picture, images, i, gap + i / columns * (height + gap), gap + i % columns * (width + gap));
  }
  return zoomed(picture, layout.zoom);
}

Picture side_by_side(const Images& originals, const Images& reconstructions, const Layout& layout) {
  if (originals.shape() != reconstructions.shape()) {
    throw std::invalid_argument(
        fmt::format("[side_by_side] {} originals of {}x{}, but {} reconstructions of {}x{}",
                    originals.shape(0), originals.shape(1), originals.shape(2), reconstructions.shape(0),
                    reconstructions.shape(1), reconstructions.shape(2)));
  }
  const std::size_t count = originals.shape(0), height = originals.shape(1), width = originals.shape(2);
  Images pairs({count, height, 2 * width + 1});
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t row = 0; row < height; ++row) {
      std::copy_n(&originals(i, row, 0), width, &pairs(i, row, 0));
      pairs(i, row, width) = layout.background;
      std::copy_n(&reconstructions(i, row, 0), width, &pairs(i, row, width + 1));
    }
  }
  Layout apart = layout;
  apart.spacing = std::max<std::size_t>(layout.spacing * 3, 2);
  return image_grid(pairs, apart);
}

}  // namespace tapir::examples
