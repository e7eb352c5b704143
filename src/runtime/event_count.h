#ifndef FLASHSALE_SRC_RUNTIME_EVENT_COUNT_H_
#define FLASHSALE_SRC_RUNTIME_EVENT_COUNT_H_

#include <atomic>
#include <cstdint>

namespace flashsale::inline v0 {

// For a thread that sleeps while there is nothing to do: it reads the count, looks for something to
// do, and, where it found nothing, waits for the count to change.  So nothing that is announced
// after the reading is slept through, wherever it is to be found.
// Thread safety: any thread.
class EventCount {
 public:
  using Value = std::uint32_t;

  // Acquire pairs with Announce: what was announced is there to be found.
  Value Read() const { return count_.load(std::memory_order_acquire); }

  // Something has come.
  void Announce() {
    count_.fetch_add(1, std::memory_order_release);
    count_.notify_one();
  }

  // Returns once something was announced after `seen` was read.
  void Wait(Value seen) const {
    // Relaxed: what has come is found by whoever reads anew.
    for (int look = 0; look < kLooks; ++look) {
      if (count_.load(std::memory_order_relaxed) != seen) return;
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
    count_.wait(seen, std::memory_order_relaxed);
  }

 private:
  // A microsecond or two: as long as a host needs for its next call while it is busy.
  static constexpr int kLooks = 64;

  alignas(64) std::atomic<Value> count_{0};
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_RUNTIME_EVENT_COUNT_H_
