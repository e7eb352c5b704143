#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_VIRTUAL_CLOCK_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_VIRTUAL_CLOCK_H_

#include "flashsale/base/clock.h"
#include "flashsale/base/time.h"

namespace flashsale::sim {

// A clock that stands where the simulator has put it, so that an hour of sale takes as long as its
// calls do, and every run sees the same instants.
// Thread safety: one thread.
// Blocking: never.  Ownership: none.  Clock: it is one.
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(Time now) : now_(now) {}

  Time Now() override { return now_; }

  // REQUIRES: `now` is no earlier than the last.
  void MoveTo(Time now) { now_ = now; }

 private:
  Time now_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_VIRTUAL_CLOCK_H_
