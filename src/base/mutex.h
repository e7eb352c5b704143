#ifndef FLASHSALE_SRC_BASE_MUTEX_H_
#define FLASHSALE_SRC_BASE_MUTEX_H_

#include <atomic>
#include <cstdint>
#include <mutex>

// Clang's thread-safety analysis (https://clang.llvm.org/docs/ThreadSafetyAnalysis.html): the
// compiler checks who may touch what under which lock.
#if defined(__clang__)
#define FLASHSALE_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define FLASHSALE_THREAD_ANNOTATION(x)
#endif
#define FLASHSALE_CAPABILITY(x) FLASHSALE_THREAD_ANNOTATION(capability(x))
#define FLASHSALE_SCOPED_CAPABILITY FLASHSALE_THREAD_ANNOTATION(scoped_lockable)
#define FLASHSALE_GUARDED_BY(x) FLASHSALE_THREAD_ANNOTATION(guarded_by(x))
#define FLASHSALE_REQUIRES(...) FLASHSALE_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define FLASHSALE_ACQUIRE(...) FLASHSALE_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define FLASHSALE_TRY_ACQUIRE(...) FLASHSALE_THREAD_ANNOTATION(try_acquire_capability(__VA_ARGS__))
#define FLASHSALE_RELEASE(...) FLASHSALE_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define FLASHSALE_EXCLUDES(...) FLASHSALE_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define FLASHSALE_NO_THREAD_SAFETY_ANALYSIS FLASHSALE_THREAD_ANNOTATION(no_thread_safety_analysis)

namespace flashsale::inline v0 {

// std::mutex with annotations.
class FLASHSALE_CAPABILITY("mutex") Mutex {
 public:
  void Lock() FLASHSALE_ACQUIRE() { mutex_.lock(); }
  bool TryLock() FLASHSALE_TRY_ACQUIRE(true) { return mutex_.try_lock(); }
  void Unlock() FLASHSALE_RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

// A mutex of four bytes, for thousands of them next to what they guard.  Uncontended: one
// compare-and-swap and one exchange.  A waiter spins briefly, then sleeps in the kernel.
// The states are those of U. Drepper, "Futexes Are Tricky" (2011), section 5.
class FLASHSALE_CAPABILITY("mutex") WordMutex {
 public:
  void Lock() FLASHSALE_ACQUIRE() {
    if (!TryLock()) LockSlow();
  }

  bool TryLock() FLASHSALE_TRY_ACQUIRE(true) {
    std::uint32_t expected = kFree;
    // Acquire pairs with the release of Unlock.
    return state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire,
                                          std::memory_order_relaxed);
  }

  void Unlock() FLASHSALE_RELEASE() {
    if (state_.exchange(kFree, std::memory_order_release) == kHeldWithWaiters) {
      state_.notify_one();
    }
  }

 private:
  static constexpr std::uint32_t kFree = 0;
  static constexpr std::uint32_t kHeld = 1;
  static constexpr std::uint32_t kHeldWithWaiters = 2;

  void LockSlow() FLASHSALE_NO_THREAD_SAFETY_ANALYSIS;

  std::atomic<std::uint32_t> state_{kFree};
};

// Holds a mutex for a scope.
template <typename M>
class FLASHSALE_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(M& mutex) FLASHSALE_ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() FLASHSALE_RELEASE() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  M& mutex_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_BASE_MUTEX_H_
