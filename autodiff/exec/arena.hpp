// Arena: offsets in one block of memory, given back as values die.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>

namespace tapir {

/// Best fit over a list of free ranges; offsets are multiples of 64 bytes. Used while planning only.
class Arena {
 public:
  std::size_t take(std::size_t bytes) {
    bytes = padded(bytes);
    auto best = free_.end();
    for (auto it = free_.begin(); it != free_.end(); ++it)
      if (it->second >= bytes && (best == free_.end() || it->second < best->second)) best = it;
    if (best == free_.end()) return grow(bytes);
    const auto [offset, length] = *best;
    free_.erase(best);
    if (length > bytes) free_[offset + bytes] = length - bytes;
    return offset;
  }

  void give(std::size_t offset, std::size_t bytes) {
    auto it = free_.emplace(offset, padded(bytes)).first;
    if (const auto next = std::next(it); next != free_.end() && it->first + it->second == next->first) {
      it->second += next->second;
      free_.erase(next);
    }
    if (it == free_.begin()) return;
    if (const auto before = std::prev(it); before->first + before->second == it->first) {
      before->second += it->second;
      free_.erase(it);
    }
  }

  std::size_t size() const { return size_; }

 private:
  static std::size_t padded(std::size_t bytes) { return (std::max<std::size_t>(bytes, 1) + 63) / 64 * 64; }

  // The last free range, if it reaches the end, is stretched.
  std::size_t grow(std::size_t bytes) {
    std::size_t offset = size_;
    if (!free_.empty()) {
      const auto last = std::prev(free_.end());
      if (last->first + last->second == size_) {
        offset = last->first;
        free_.erase(last);
      }
    }
    size_ = offset + bytes;
    return offset;
  }

  std::map<std::size_t, std::size_t> free_;
  std::size_t size_ = 0;
};

}  // namespace tapir
