#ifndef FLASHSALE_SRC_SERVICE_STORE_WATCH_H_
#define FLASHSALE_SRC_SERVICE_STORE_WATCH_H_

#include <cstddef>

#include "base/sharded_counters.h"
#include "flashsale/base/time.h"
#include "flashsale/policy/adaptive_pace.h"

namespace flashsale::inline v0 {

// Counts how calls of a store went.
// Thread safety: any thread; wait-free.  Clock: none.
class StoreWatch {
 public:
  explicit StoreWatch(Duration slow_call) : slow_call_(slow_call) {}

  void Note(Duration latency, bool ok) {
    counters_.Add(kCalls);
    if (!ok) counters_.Add(kFailures);
    if (latency >= slow_call_) counters_.Add(kSlow);
  }

  // Since it was made.
  StoreCalls Calls() const {
    // What is counted last is read first, so that no call is more than one.
    const std::uint64_t slow = counters_.Sum(kSlow);
    const std::uint64_t failures = counters_.Sum(kFailures);
    return {.calls = counters_.Sum(kCalls), .failures = failures, .slow = slow};
  }

 private:
  static constexpr std::size_t kCalls = 0;
  static constexpr std::size_t kFailures = 1;
  static constexpr std::size_t kSlow = 2;

  const Duration slow_call_;
  ShardedCounters<3> counters_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_STORE_WATCH_H_
