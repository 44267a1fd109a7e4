// Minibatches: a fresh order every epoch, freshly binarised images.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <vector>

#include "support/binarise.hpp"
#include "support/images.hpp"

namespace tapir::examples {

/// 0 .. count - 1 in an order that is a pure function of (seed, epoch), all orders equally likely.
///
///   source    Fisher & Yates, in Durstenfeld's form (1964)
std::vector<std::uint32_t> shuffled(std::size_t count, std::uint64_t seed, std::uint64_t epoch);

/// Rows `from` .. `to` - 1 of an array, e.g. a chunk of the test set; `to` beyond the end means the end.
///
///   errors    "[rows] 200 .. 300 is out of range for 100 rows"
Floats rows(const Floats& values, std::size_t from, std::size_t to);

/// Some images of an epoch.
struct Batch {
  std::span<const std::uint32_t> rows;  ///< which images of the set
  Floats pixels;                        ///< [rows.size(), 784], 0 or 1
};

/// One epoch over `images` in batches of `size`, shuffled and binarised; the last batch may be smaller. Every
/// batch lives in the same memory: it is valid until the loop goes on.
///
///   errors    "[batches] a batch of 0 images"
///             "[batches] a batch of 128 images is larger than the data: 100 images"
///   example   for (const Batch& batch : Batches(data.train.images, 128, {.seed = seed, .epoch = epoch})) ...
class Batches {
 public:
  Batches(const Images& images, std::size_t size, Flips flips);
  Batches(Images&& images, std::size_t size, Flips flips) = delete;  // the images must outlive the loop

  /// How many batches an epoch has.
  std::size_t count() const { return (order_.size() + size_ - 1) / size_; }

  class Iterator {
   public:
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using reference = const Batch&;
    using pointer = const Batch*;

    explicit Iterator(Batches& epoch) : epoch_(&epoch) { epoch_->fill(0); }
    const Batch& operator*() const { return epoch_->batch_; }
    Iterator& operator++() {
      epoch_->fill(++index_);
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return index_ == epoch_->count(); }

   private:
    Batches* epoch_;
    std::size_t index_ = 0;
  };

  Iterator begin() { return Iterator(*this); }
  static std::default_sentinel_t end() { return {}; }

 private:
  void fill(std::size_t index);

  const Images* images_;
  std::size_t size_;
  Flips flips_;
  std::vector<std::uint32_t> order_;
  Batch batch_;
};

}  // namespace tapir::examples
