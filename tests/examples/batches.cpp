// Shuffling, batching, and coin flips: what they promise, and their statistics under fixed seeds.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/batches.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

#include <doctest/doctest.h>

#include "support/random.hpp"
#include "temporary.hpp"

namespace tapir::examples {
namespace {

using testing::message_of;

Images gray(std::size_t count, std::uint8_t level) {
  Images images({count, 28, 28});
  images.fill(level);
  return images;
}

TEST_CASE("random: the stream is splitmix64's") {
  Random random(1234567);  // the first outputs of the reference implementation for this seed
  CHECK(random.bits() == 6457827717110365317U);
  CHECK(random.bits() == 3203168211198807973U);
}

TEST_CASE("random: the bell curve has mean 0 and variance 1") {
  Random random(5);
  constexpr int draws = 200000;
  double sum = 0, squares = 0;
  for (int i = 0; i < draws; ++i) {
    const double draw = random.bell();
    sum += draw;
    squares += draw * draw;
  }
  // |z| < 4, a false alarm in 6e-5 of seeds; the variance of bell^2 is 1.7.
  CHECK(std::abs(sum / std::sqrt(draws)) < 4);
  CHECK(std::abs((squares - draws) / std::sqrt(1.7 * draws)) < 4);
}

TEST_CASE("shuffled: a permutation, the same for the same seed and epoch only") {
  const auto order = shuffled(1000, 7, 3);
  auto sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (std::uint32_t i = 0; i < 1000; ++i) CHECK(sorted[i] == i);
  CHECK(shuffled(1000, 7, 3) == order);
  CHECK(shuffled(1000, 7, 4) != order);
  CHECK(shuffled(1000, 8, 3) != order);
}

TEST_CASE("shuffled: all orders are equally likely") {
  constexpr int epochs = 24000;
  std::map<std::vector<std::uint32_t>, int> counts;
  for (std::uint64_t epoch = 0; epoch < epochs; ++epoch) ++counts[shuffled(4, 11, epoch)];
  CHECK(counts.size() == 24);
  double chi_squared = 0;
  for (const auto& [order, count] : counts) chi_squared += (count - 1000) * (count - 1000) / 1000.0;
  CHECK(chi_squared < 60);  // 23 degrees of freedom: a false alarm in 4e-5 of seeds
}

TEST_CASE("batches: every image once, the last batch smaller") {
  const Images images = gray(10, 100);
  std::vector<std::uint32_t> seen;
  std::vector<std::size_t> sizes;
  Batches epoch(images, 4, {.seed = 1, .epoch = 2});
  for (const Batch& batch : epoch) {
    seen.insert(seen.end(), batch.rows.begin(), batch.rows.end());
    sizes.push_back(batch.pixels.shape(0));
    CHECK(batch.pixels.shape(1) == 784);
    CHECK(batch.pixels.shape(0) == batch.rows.size());
  }
  CHECK(seen == shuffled(10, 1, 2));
  CHECK(sizes == std::vector<std::size_t>{4, 4, 2});
  CHECK(epoch.count() == 3);
}

TEST_CASE("batches: sizes that cannot be are refused") {
  const Images images = gray(3, 0);
  CHECK(message_of([&] { Batches(images, 0, {}); }) == "[batches] a batch of 0 images");
  CHECK(message_of([&] { Batches(images, 4, {}); }) ==
        "[batches] a batch of 4 images is larger than the data: 3 images");
}

TEST_CASE("binarise: an image's flips depend neither on its batch nor on its place in it") {
  const Images images = gray(50, 128);
  const Floats all = binarise(images, {.seed = 3, .epoch = 1});
  for (const std::size_t size : {1, 7, 50}) {
    for (const Batch& batch : Batches(images, size, {.seed = 3, .epoch = 1})) {
      for (std::size_t i = 0; i < batch.rows.size(); ++i) {
        CHECK(std::equal(&batch.pixels(i, 0), &batch.pixels(i, 0) + 784, &all(batch.rows[i], 0)));
      }
    }
  }
}

TEST_CASE("binarise: black is always 0, white always 1, and nothing lies between") {
  for (const float pixel : binarise(gray(100, 0), {})) REQUIRE(pixel == 0.0F);
  for (const float pixel : binarise(gray(100, 255), {})) REQUIRE(pixel == 1.0F);
  for (const float pixel : binarise(gray(100, 77), {})) REQUIRE((pixel == 0.0F || pixel == 1.0F));
}

TEST_CASE("binarise: each gray level is a probability of level / 255") {
  constexpr std::size_t count = 256;  // images, hence 200704 flips for each of 254 levels
  Images images({count, 28, 28});
  double worst = 0;
  for (int level = 1; level < 255; ++level) {
    images.fill(static_cast<std::uint8_t>(level));
    const Floats flips = binarise(images, {.seed = static_cast<std::uint64_t>(level), .epoch = 0});
    const double ones = std::accumulate(flips.begin(), flips.end(), 0.0);
    const double p = level / 255.0, n = static_cast<double>(flips.size());
    worst = std::max(worst, std::abs(ones - n * p) / std::sqrt(n * p * (1 - p)));
  }
  CHECK(worst < 5);  // the largest of 254 z-scores: a false alarm in 1.5e-4 of seeds
}

TEST_CASE("binarise: neighbours, images, epochs and seeds flip independently") {
  const Images images = gray(400, 128);
  const Floats base = binarise(images, {.seed = 1, .epoch = 1});
  const std::size_t n = base.size() - 784;
  const auto agreement = [&](const float* a, const float* b) {
    double equal = 0;
    for (std::size_t i = 0; i < n; ++i) equal += a[i] == b[i] ? 1 : 0;
    const double p = 0.5 + 2 * std::pow(128 / 255.0 - 0.5, 2), count = static_cast<double>(n);
    return std::abs(equal - count * p) / std::sqrt(count * p * (1 - p));
  };
  // |z| < 4.5 in each of ten comparisons of 312816 pairs: a false alarm in 7e-5 of seeds.
  for (const std::size_t lag : {1, 2, 3, 4, 8, 28, 256, 784})
    CHECK(agreement(base.data(), base.data() + lag) < 4.5);
  CHECK(agreement(base.data(), binarise(images, {.seed = 1, .epoch = 2}).data()) < 4.5);
  CHECK(agreement(base.data(), binarise(images, {.seed = 2, .epoch = 1}).data()) < 4.5);
}

TEST_CASE("binarise: the flips are the same on every machine") {
  const Floats flips = binarise(gray(3, 100), test_flips);
  std::uint64_t digest = 0;
  for (const float pixel : flips) digest = mix(digest * 2 + (pixel > 0 ? 1 : 0));
  CHECK(digest == 9460440188994421883U);
}

TEST_CASE("binarise: a row out of range is refused") {
  Floats out;
  const std::array<std::uint32_t, 2> rows_wanted = {0, 3};
  CHECK(message_of([&] { binarise(gray(3, 0), rows_wanted, {}, out); }) ==
        "[binarise] row 3 is out of range for 3 images");
}

TEST_CASE("rows: a chunk, cut off at the end") {
  Floats values = Floats::from_shape({5, 2});
  std::iota(values.begin(), values.end(), 0.0F);
  const Floats chunk = rows(values, 3, 100);
  REQUIRE(chunk.shape(0) == 2);
  CHECK(chunk(0, 0) == 6);
  CHECK(chunk(1, 1) == 9);
  CHECK(message_of([&] { rows(values, 6, 7); }) == "[rows] 6 .. 7 is out of range for 5 rows");
}

}  // namespace
}  // namespace tapir::examples
