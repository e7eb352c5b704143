#ifndef FLASHSALE_SRC_BASE_SHARDED_COUNTERS_H_
#define FLASHSALE_SRC_BASE_SHARDED_COUNTERS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/thread_slot.h"

namespace flashsale::inline v0 {

using CounterWord = std::atomic<std::uint64_t>;

// Adds to a counter that belongs to the calling thread's `slot`.  Relaxed: a count is read on its
// own, and nothing is published with it.
inline void AddTo(CounterWord& counter, std::uint32_t slot, std::uint64_t n) {
  if (IsOwnedSlot(slot)) {
    counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  } else {
    counter.fetch_add(n, std::memory_order_relaxed);
  }
}

// Counters that all threads add to, each in cache lines of its own.
// Thread safety: any thread; wait-free.  Blocking: never.  Ownership: none.  Clock: none.
template <std::size_t Size>
class ShardedCounters {
 public:
  void Add(std::size_t index, std::uint64_t n = 1) {
    const std::uint32_t slot = MyThreadSlot();
    AddTo(slots_[slot].counters[index], slot, n);
  }

  // At least what was added before the call, at most what was before its end.
  std::uint64_t Sum(std::size_t index) const {
    std::uint64_t sum = 0;
    for (const Slot& slot : slots_) sum += slot.counters[index].load(std::memory_order_relaxed);
    return sum;
  }

 private:
  struct alignas(64) Slot {
    std::array<CounterWord, Size> counters = {};
  };
  std::array<Slot, kThreadSlots> slots_ = {};
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_BASE_SHARDED_COUNTERS_H_
