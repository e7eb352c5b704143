#ifndef FLASHSALE_SRC_SERVICE_BACKOFF_H_
#define FLASHSALE_SRC_SERVICE_BACKOFF_H_

#include <algorithm>

#include "flashsale/base/time.h"

namespace flashsale::inline v0 {

// How long to leave alone what failed: twice as long each time in a row, up to a ceiling.
// Thread safety: as an int.  Blocking: never.  Ownership: none.  Clock: none.
class Backoff {
 public:
  // REQUIRES: 0 < first <= longest.
  Backoff(Duration first, Duration longest) : first_(first), longest_(longest) {}

  bool Rests(Time now) const { return now < until_; }
  Time until() const { return until_; }

  void Failed(Time now) {
    wait_ = wait_ == Duration{0} ? first_ : std::min(longest_, 2 * wait_);
    until_ = SaturatingAdd(now, wait_);
  }
  void Succeeded() {
    wait_ = Duration{0};
    until_ = kMinTime;
  }

 private:
  Duration first_;
  Duration longest_;
  Duration wait_{0};
  Time until_ = kMinTime;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_BACKOFF_H_
