// Binarisation: gray pixels as independent coin flips.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/binarise.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "support/random.hpp"

namespace tapir::examples {
namespace {

/// Pixels whose noise is drawn at once: it stays in the first-level cache, and the comparison becomes vector
/// code.
constexpr std::size_t block = 256;
constexpr std::size_t words_per_block = block / 4;

void fill_noise(std::array<std::uint16_t, block>& noise, std::uint64_t counter) {
  for (std::size_t word = 0; word < words_per_block; ++word) {
    const std::uint64_t bits = mix(counter + word * golden);
    for (std::size_t part = 0; part < 4; ++part)
      noise[4 * word + part] = static_cast<std::uint16_t>(bits >> 16U * part);
  }
}

/// round(pixel * 65536 / 255): 0 for black, 65536 (above every draw) for white.
std::int32_t threshold(std::uint8_t pixel) { return pixel * 257 + (pixel >= 128 ? 1 : 0); }

void flip(const std::uint8_t* pixels, std::size_t count, std::uint64_t key, float* out) {
  std::array<std::uint16_t, block> noise;
  for (std::size_t start = 0; start < count; start += block) {
    fill_noise(noise, key + start / 4 * golden);
    const std::size_t length = std::min(block, count - start);
    for (std::size_t i = 0; i < length; ++i) {
      out[start + i] = std::int32_t{noise[i]} < threshold(pixels[start + i]) ? 1.0F : 0.0F;
    }
  }
}

}  // namespace

void binarise(const Images& images, std::span<const std::uint32_t> rows, Flips flips, Floats& out) {
  const std::size_t pixels = images.shape(1) * images.shape(2);
  out.resize({rows.size(), pixels});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::size_t image = rows[i];
    if (image >= images.shape(0)) {
      throw std::invalid_argument(
          fmt::format("[binarise] row {} is out of range for {} images", image, images.shape(0)));
    }
    flip(images.data() + image * pixels, pixels, random_key({flips.seed, flips.epoch, image}),
         out.data() + i * pixels);
  }
}

Floats binarise(const Images& images, Flips flips) {
  std::vector<std::uint32_t> rows(images.shape(0));
  std::iota(rows.begin(), rows.end(), 0U);
  Floats out;
  binarise(images, rows, flips, out);
  return out;
}

}  // namespace tapir::examples
