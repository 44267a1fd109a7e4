// Conversions between arrays of floats and grayscale images.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/images.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

namespace tapir::examples {

Images to_images(const Floats& values, std::size_t rows, std::size_t columns) {
  if (values.shape(1) != rows * columns) {
    throw std::invalid_argument(fmt::format("[to_images] {} values per row are not an image of {}x{}",
                                            values.shape(1), rows, columns));
  }
  Images images({values.shape(0), rows, columns});
  std::transform(values.begin(), values.end(), images.begin(), [](float value) {
    const float clamped = value > 0.0F ? std::min(value, 1.0F) : 0.0F;  // NaN compares false
    return static_cast<std::uint8_t>(clamped * 255.0F + 0.5F);
  });
  return images;
}

Images first(const Images& images, std::size_t count) {
  Images head({std::min(count, images.shape(0)), images.shape(1), images.shape(2)});
  std::copy_n(images.data(), head.size(), head.data());
  return head;
}

}  // namespace tapir::examples
