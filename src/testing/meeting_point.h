#ifndef FLASHSALE_SRC_TESTING_MEETING_POINT_H_
#define FLASHSALE_SRC_TESTING_MEETING_POINT_H_

#include <atomic>
#include <cstddef>
#include <thread>

namespace flashsale::inline v0 {

// Lets threads go on together, as often as they meet: those that have a processor leave within the
// same microsecond, so that what they do next overlaps, however short it is.
// Thread safety: `threads` of them, each calling Meet equally often.  Blocking: until all are here;
// spinning at first, asleep where that takes long.
class MeetingPoint {
 public:
  explicit MeetingPoint(std::size_t threads) : threads_(threads) {}

  void Meet() {
    // Acquire pairs with the release below: who leaves sees what was done before by all who met.
    const std::size_t meeting = meetings_.load(std::memory_order_acquire);
    if (arrivals_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
      // Relaxed: nobody arrives for the next meeting before the release is seen.
      arrivals_.store(0, std::memory_order_relaxed);
      meetings_.store(meeting + 1, std::memory_order_release);
      meetings_.notify_all();
      return;
    }
    for (int look = 0; look < kLooks; ++look) {
      if (meetings_.load(std::memory_order_acquire) != meeting) return;
      std::this_thread::yield();
    }
    meetings_.wait(meeting, std::memory_order_acquire);
  }

 private:
  static constexpr int kLooks = 1'000;

  const std::size_t threads_;
  std::atomic<std::size_t> arrivals_{0};
  std::atomic<std::size_t> meetings_{0};
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_MEETING_POINT_H_
