#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_QUEUE_TIME_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_QUEUE_TIME_H_

#include <algorithm>
#include <optional>

#include "flashsale/base/time.h"

namespace flashsale::audit {

// The time of a queue, which stands still in its pauses (docs/contract.md, "The queue"), written
// down a second time.  Thread safety: as an int.
class QueueTime {
 public:
  bool paused() const { return paused_at_.has_value(); }
  void Pause(Time now) { paused_at_ = now; }
  void Resume(Time now) {
    pauses_ += now - paused_at_.value_or(now);
    paused_at_.reset();
  }
  Time At(Time now) const { return (paused() ? std::min(now, *paused_at_) : now) - pauses_; }

 private:
  std::optional<Time> paused_at_;
  Duration pauses_{0};
};

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_QUEUE_TIME_H_
