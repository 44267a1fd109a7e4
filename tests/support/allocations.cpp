// Standing in for malloc and its kin, which operator new calls too.
// SPDX-License-Identifier: BSD-3-Clause
#include "allocations.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>

#include <tapir/autodiff/ops/gemm.hpp>

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define TAPIR_COUNTS_ALLOCATIONS 1
#else
#define TAPIR_COUNTS_ALLOCATIONS 0
#endif

namespace tapir::test {
namespace {

std::atomic<bool> counting{false};
std::atomic<std::size_t> allocations{0};
std::atomic<std::size_t> inside_blas{0};

}  // namespace

bool allocations_are_counted() { return TAPIR_COUNTS_ALLOCATIONS; }

AllocationCount::AllocationCount() {
  allocations = inside_blas = 0;
  counting = true;
}
AllocationCount::~AllocationCount() { counting = false; }
std::size_t AllocationCount::count() const { return allocations; }
std::size_t AllocationCount::in_blas() const { return inside_blas; }

}  // namespace tapir::test

#if TAPIR_COUNTS_ALLOCATIONS

extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

static void note() {
  if (tapir::test::counting)
    ++(tapir::ops::inside_blas() ? tapir::test::inside_blas : tapir::test::allocations);
}

void* malloc(std::size_t size) {
  note();
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  note();
  return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) {
  note();
  return __libc_realloc(old, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  note();
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  note();
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** result, std::size_t alignment, std::size_t size) {
  note();
  *result = __libc_memalign(alignment, size);
  return *result ? 0 : ENOMEM;
}

}  // extern "C"

#endif
