#ifndef FLASHSALE_SRC_RUNTIME_CONDITION_H_
#define FLASHSALE_SRC_RUNTIME_CONDITION_H_

#include <condition_variable>

#include "base/mutex.h"
#include "flashsale/base/time.h"

namespace flashsale::inline v0 {

// std::condition_variable for a Mutex.
// Thread safety: any thread.
class Condition {
 public:
  // Waits for a notification; may also return without one.
  void Wait(Mutex& mutex) FLASHSALE_REQUIRES(mutex) {
    Held held{mutex};
    condition_.wait(held);
  }
  // The same, for `longest` at most.
  void WaitFor(Mutex& mutex, Duration longest) FLASHSALE_REQUIRES(mutex) {
    Held held{mutex};
    condition_.wait_for(held, longest);
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  // The names that the standard library expects.  The wait unlocks and locks again, so that for its
  // caller nothing has changed.
  struct Held {
    Mutex& mutex;
    // NOLINTNEXTLINE(readability-identifier-naming)
    void lock() FLASHSALE_NO_THREAD_SAFETY_ANALYSIS { mutex.Lock(); }
    // NOLINTNEXTLINE(readability-identifier-naming)
    void unlock() FLASHSALE_NO_THREAD_SAFETY_ANALYSIS { mutex.Unlock(); }
  };

  std::condition_variable_any condition_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_RUNTIME_CONDITION_H_
