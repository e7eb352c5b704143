#include "base/mutex.h"

namespace flashsale::inline v0 {

void WordMutex::LockSlow() {
  // The critical sections are a fraction of a microsecond: most waits end within a few looks.
  constexpr int kLooks = 64;
  for (int i = 0; i < kLooks; ++i) {
    if (state_.load(std::memory_order_relaxed) == kFree && TryLock()) return;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  // Whoever has slept may not be the last sleeper, so it takes the lock as one with waiters.
  while (state_.exchange(kHeldWithWaiters, std::memory_order_acquire) != kFree) {
    state_.wait(kHeldWithWaiters, std::memory_order_relaxed);
  }
}

}  // namespace flashsale::inline v0
