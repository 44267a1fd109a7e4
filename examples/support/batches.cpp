// Minibatches: a fresh order every epoch, freshly binarised images.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/batches.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "support/random.hpp"

namespace tapir::examples {

std::vector<std::uint32_t> shuffled(std::size_t count, std::uint64_t seed, std::uint64_t epoch) {
  constexpr std::uint64_t orders = 0x6f72646572;  // keeps the order's stream apart from the coin flips'
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  Random random(random_key({seed, epoch, 0, orders}));
  for (std::size_t left = count; left > 1; --left) {
    std::swap(order[left - 1], order[random.below(static_cast<std::uint32_t>(left))]);
  }
  return order;
}

Floats rows(const Floats& values, std::size_t from, std::size_t to) {
  const std::size_t end = std::min(to, values.shape(0)), width = values.shape(1);
  if (from > end) {
    throw std::invalid_argument(
        fmt::format("[rows] {} .. {} is out of range for {} rows", from, to, values.shape(0)));
  }
  Floats chunk = Floats::from_shape({end - from, width});
  std::copy_n(values.data() + from * width, chunk.size(), chunk.data());
  return chunk;
}

Batches::Batches(const Images& images, std::size_t size, Flips flips)
    : images_(&images), size_(size), flips_(flips) {
  const std::size_t count = images.shape(0);
  if (size == 0) throw std::invalid_argument("[batches] a batch of 0 images");
  if (size > count) {
    throw std::invalid_argument(
        fmt::format("[batches] a batch of {} images is larger than the data: {} images", size, count));
  }
  order_ = shuffled(count, flips.seed, flips.epoch);
}

void Batches::fill(std::size_t index) {
  if (index == count()) return;
  const std::size_t from = index * size_;
  batch_.rows = std::span(order_).subspan(from, std::min(size_, order_.size() - from));
  binarise(*images_, batch_.rows, flips_, batch_.pixels);
}

}  // namespace tapir::examples
