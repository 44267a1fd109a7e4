// Counting the allocations of a piece of code, by malloc and by new.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

namespace tapir::test {

/// Whether allocations can be counted in this build: not under a sanitizer, which has an allocator of its own.
bool allocations_are_counted();

/// The allocations of all threads since it was made, those inside of BLAS libraries apart: OpenBLAS for AVX-512 packs
/// small products into a buffer of their own, oneDNN every product. One at a time.
class AllocationCount {
 public:
  AllocationCount();
  ~AllocationCount();
  AllocationCount(const AllocationCount&) = delete;
  AllocationCount& operator=(const AllocationCount&) = delete;

  std::size_t count() const;
  std::size_t in_blas() const;
};

}  // namespace tapir::test
