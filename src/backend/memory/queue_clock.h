#ifndef FLASHSALE_SRC_BACKEND_MEMORY_QUEUE_CLOCK_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_QUEUE_CLOCK_H_

#include <algorithm>

#include "flashsale/base/time.h"

namespace flashsale::inline v0::memory {

// The time of a queue, which stands still while the queue is paused: what was due in a minute when
// it paused is due in a minute when it resumes, and nothing in the queue has to be touched for it.
//
// Thread safety: as an int.  Clock: none; callers bring the host's time.
class QueueClock {
 public:
  bool paused() const { return paused_at_ != kRunning; }

  // REQUIRES of Pause, Resume and Host: `now` is no earlier than that of any earlier call.
  void Pause(Time now) { paused_at_ = now; }
  void Resume(Time now) {
    stood_still_ += now - paused_at_;
    paused_at_ = kRunning;
  }

  // The queue's time at an instant of the host's.
  Time At(Time now) const { return std::min(now, paused_at_) - stood_still_; }

  // The instant of the host's at which the queue's time will be `t`, as matters stand at `now`: if
  // it is paused, were it to resume at once.
  Time Host(Time t, Time now) const {
    const Time shifted = SaturatingAdd(t, stood_still_);
    return now > paused_at_ ? SaturatingAdd(shifted, now - paused_at_) : shifted;
  }

 private:
  static constexpr Time kRunning = kMaxTime + Duration{1};

  Time paused_at_ = kRunning;
  Duration stood_still_{0};
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_QUEUE_CLOCK_H_
