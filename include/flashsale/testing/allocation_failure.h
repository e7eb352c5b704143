#ifndef FLASHSALE_TESTING_ALLOCATION_FAILURE_H_
#define FLASHSALE_TESTING_ALLOCATION_FAILURE_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace flashsale::inline v0 {

// While one of these lives, one allocation of the thread that made it fails: the first (0), the
// second (1), …; those before and after it succeed.  They may not be nested.
//
// It works in programs whose allocation functions ask ShouldFail.  One source of a test program
// gets such functions by defining FLASHSALE_DEFINE_FAILING_OPERATOR_NEW before it includes this
// header; the library itself never replaces operator new. Thread safety: belongs to the thread that
// made it; other threads' allocations succeed.
class AllocationFailure {
 public:
  explicit AllocationFailure(std::uint64_t index) {
    left_ = index;
    armed_ = true;
    happened_ = false;
  }
  ~AllocationFailure() { armed_ = false; }
  AllocationFailure(const AllocationFailure&) = delete;
  AllocationFailure& operator=(const AllocationFailure&) = delete;

  // Whether so many allocations were asked for that one failed.
  bool happened() const { return happened_; }

  // Allocations by operator new that the calling thread made, less those that it gave back: where
  // it is the same after something as before it, that has left nothing behind.
  static std::int64_t live() noexcept { return live_; }

  // For allocation functions of any kind: counts one allocation of the calling thread and tells
  // whether it is to fail.
  static bool ShouldFail() noexcept {
    if (!armed_ || happened_ || left_-- != 0) return false;
    happened_ = true;
    return true;
  }

  // For operator new and operator delete: one allocation more, or less.
  static void Count(std::int64_t change) noexcept { live_ += change; }

 private:
  // NOLINTBEGIN(readability-identifier-naming): members, as all others are
  static inline thread_local std::uint64_t left_ = 0;
  static inline thread_local bool armed_ = false;
  static inline thread_local bool happened_ = false;
  static inline thread_local std::int64_t live_ = 0;
  // NOLINTEND(readability-identifier-naming)
};

namespace allocation_failure_internal {

inline void* Allocate(std::size_t size, std::size_t alignment) noexcept {
  if (AllocationFailure::ShouldFail()) return nullptr;
  if (size == 0) size = 1;
  void* const memory =
      alignment <= alignof(std::max_align_t)
          ? std::malloc(size)
          : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (memory != nullptr) AllocationFailure::Count(1);
  return memory;
}

inline void Free(void* memory) noexcept {
  if (memory != nullptr) AllocationFailure::Count(-1);
  std::free(memory);
}

inline void* AllocateOrThrow(std::size_t size, std::size_t alignment) {
  void* const memory = Allocate(size, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace allocation_failure_internal
}  // namespace flashsale::inline v0

#ifdef FLASHSALE_DEFINE_FAILING_OPERATOR_NEW

// NOLINTBEGIN(misc-definitions-in-headers): in one source of a program, which asks for them
void* operator new(std::size_t size) {
  return flashsale::allocation_failure_internal::AllocateOrThrow(size, 1);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return flashsale::allocation_failure_internal::AllocateOrThrow(
      size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return flashsale::allocation_failure_internal::Allocate(size, 1);
}
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return flashsale::allocation_failure_internal::Allocate(size,
                                                          static_cast<std::size_t>(alignment));
}
// Sanitizers bring all forms, so none is left to the defaults.
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return operator new(size, alignment);
}
void* operator new[](std::size_t size, const std::nothrow_t& nothrow) noexcept {
  return operator new(size, nothrow);
}
void* operator new[](std::size_t size, std::align_val_t alignment,
                     const std::nothrow_t& nothrow) noexcept {
  return operator new(size, alignment, nothrow);
}
void operator delete(void* memory) noexcept {
  flashsale::allocation_failure_internal::Free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  flashsale::allocation_failure_internal::Free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  flashsale::allocation_failure_internal::Free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  flashsale::allocation_failure_internal::Free(memory);
}
void operator delete[](void* memory) noexcept {
  flashsale::allocation_failure_internal::Free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  flashsale::allocation_failure_internal::Free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  flashsale::allocation_failure_internal::Free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  flashsale::allocation_failure_internal::Free(memory);
}
// NOLINTEND(misc-definitions-in-headers)

#endif  // FLASHSALE_DEFINE_FAILING_OPERATOR_NEW

#endif  // FLASHSALE_TESTING_ALLOCATION_FAILURE_H_
