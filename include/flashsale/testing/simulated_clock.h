#ifndef FLASHSALE_TESTING_SIMULATED_CLOCK_H_
#define FLASHSALE_TESTING_SIMULATED_CLOCK_H_

#include <atomic>

#include "flashsale/base/clock.h"
#include "flashsale/base/time.h"

namespace flashsale::inline v0 {

// A clock that stands still until it is told otherwise, so that a test of hours takes none.
// Thread safety: any thread; wait-free.
// Blocking: never.  Ownership: none.  Clock: is one.
class SimulatedClock final : public Clock {
 public:
  explicit SimulatedClock(Time start = kMinTime) : now_us_(start.time_since_epoch().count()) {}

  Time Now() override {
    // Acquire pairs with the releases below: who sees the new time sees what was done before it.
    return Time(Duration(now_us_.load(std::memory_order_acquire)));
  }

  // Any instant, earlier ones included: clocks of real machines step back too.
  void Set(Time now) { now_us_.store(now.time_since_epoch().count(), std::memory_order_release); }

  // `by` may be negative.
  void Advance(Duration by) { now_us_.fetch_add(by.count(), std::memory_order_acq_rel); }

 private:
  std::atomic<Duration::rep> now_us_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_TESTING_SIMULATED_CLOCK_H_
