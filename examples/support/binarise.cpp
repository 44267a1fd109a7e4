// Binarisation: gray pixels as independent coin flips.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/binarise.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "support/random.hpp"

namespace tapir::examples {
namespace {

/// Pixels that are looked at together: where all are black, as most are in images of digits, no noise is drawn.
constexpr std::size_t group = 16;

/// round(pixel * 65536 / 255): 0 for black, 65536 (above every draw) for white.
std::int32_t threshold(std::uint8_t pixel) { return pixel * 257 + (pixel >= 128 ? 1 : 0); }

bool all_black(const std::uint8_t* pixels) {
  std::array<std::uint64_t, group / 8> words;
  std::memcpy(words.data(), pixels, group);
  return (words[0] | words[1]) == 0;
}

/// 16 bits of noise for each pixel of a group; `place` is where it begins in its image.
std::array<std::uint16_t, group> noise_at(std::uint64_t key, std::size_t place) {
  std::array<std::uint16_t, group> noise;
  for (std::size_t word = 0; word < group / 4; ++word) {
    const std::uint64_t bits = mix(key + (place / 4 + word) * golden);
    for (std::size_t part = 0; part < 4; ++part)
      noise[4 * word + part] = static_cast<std::uint16_t>(bits >> 16U * part);
  }
  return noise;
}

void flip_group(const std::uint8_t* pixels, std::uint64_t key, std::size_t place, float* out) {
  if (all_black(pixels)) {
    std::fill_n(out, group, 0.0F);
    return;
  }
  const auto noise = noise_at(key, place);
  for (std::size_t i = 0; i < group; ++i)
    out[i] = std::int32_t{noise[i]} < threshold(pixels[i]) ? 1.0F : 0.0F;
}

void flip(const std::uint8_t* pixels, std::size_t count, std::uint64_t key, float* out) {
  std::size_t place = 0;
  for (; place + group <= count; place += group) flip_group(pixels + place, key, place, out + place);
  std::array<std::uint8_t, group> rest{};
  std::array<float, group> flipped;
  std::copy_n(pixels + place, count - place, rest.data());
  flip_group(rest.data(), key, place, flipped.data());
  std::copy_n(flipped.data(), count - place, out + place);
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
