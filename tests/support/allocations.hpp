// Counting the allocations of a piece of code, by malloc and by new.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

namespace tapir::test {

/// Whether allocations can be counted in this build: not under a sanitizer, which has an allocator of its own.
bool allocations_are_counted();

/// The allocations of all threads since it was made. One at a time.
class AllocationCount {
 public:
  AllocationCount();
  ~AllocationCount();
  AllocationCount(const AllocationCount&) = delete;
  AllocationCount& operator=(const AllocationCount&) = delete;

  std::size_t count() const;
};

}  // namespace tapir::test
