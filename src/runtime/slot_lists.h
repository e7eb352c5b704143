#ifndef FLASHSALE_SRC_RUNTIME_SLOT_LISTS_H_
#define FLASHSALE_SRC_RUNTIME_SLOT_LISTS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

// Lists of slots by their index.  Not Boost.Lockfree's: its fixed-size queues and stacks recycle
// nodes under tags of 16 bits, so that a thread that stands still for 65,536 operations of the
// others, which on a busy machine is one time slice, may break the list.

namespace flashsale::inline v0 {

using SlotIndex = std::uint32_t;
inline constexpr SlotIndex kNoSlot = 0x7FFF'FFFF;

// The slots that are free: R. K. Treiber's stack ("Systems Programming: Coping with Parallelism",
// 1986) with a tag that counts pops, so that whoever looked at a head that has gone and come back
// notices.  The tag has 32 bits: it would take four thousand million calls during one Pop.
// Thread safety: any thread; lock-free.
class FreeSlots {
 public:
  // All of 0 … size - 1.
  explicit FreeSlots(SlotIndex size) : next_(size), head_(0) {
    for (SlotIndex i = 0; i < size; ++i) {
      next_[i].store(i + 1 < size ? i + 1 : kNoSlot, std::memory_order_relaxed);
    }
  }

  // kNoSlot where there is none.
  SlotIndex Pop() {
    // Acquire, here and where the exchange fails, pairs with the release of Push: the link, and
    // what the last owner read of the slot, come before.
    std::uint64_t head = head_.load(std::memory_order_acquire);
    for (;;) {
      const SlotIndex slot = SlotOf(head);
      if (slot == kNoSlot) return kNoSlot;
      // Relaxed: if another took the slot meanwhile the value is worthless, and the tag tells.
      const SlotIndex next = next_[slot].load(std::memory_order_relaxed);
      if (head_.compare_exchange_weak(head, Pack(next, TagOf(head) + 1), std::memory_order_acquire,
                                      std::memory_order_acquire)) {
        return slot;
      }
    }
  }

  void Push(SlotIndex slot) {
    std::uint64_t head = head_.load(std::memory_order_relaxed);
    do {
      next_[slot].store(SlotOf(head), std::memory_order_relaxed);
      // Release pairs with Pop.
    } while (!head_.compare_exchange_weak(head, Pack(slot, TagOf(head)), std::memory_order_release,
                                          std::memory_order_relaxed));
  }

 private:
  static SlotIndex SlotOf(std::uint64_t head) { return static_cast<SlotIndex>(head); }
  static std::uint32_t TagOf(std::uint64_t head) { return static_cast<std::uint32_t>(head >> 32); }
  static std::uint64_t Pack(SlotIndex slot, std::uint32_t tag) {
    return std::uint64_t{tag} << 32 | slot;
  }

  std::vector<std::atomic<SlotIndex>> next_;
  alignas(64) std::atomic<std::uint64_t> head_;
};

// Links of slots that are in one list at a time.  Whoever has the list has its links.
using SlotLinks = std::vector<SlotIndex>;

// Slots on their way from many threads to one: pushed one by one or many at once, taken all at
// once. Nobody reads the link of a slot that another may take, so nothing can come back unnoticed.
// Thread safety: any thread; lock-free.
class SlotInbox {
 public:
  enum class Pushed : std::uint8_t { kFirst, kBehindOthers, kClosed };

  explicit SlotInbox(SlotLinks& links) : links_(links) {}

  // `newest` and those behind it, linked down to `oldest`.  kFirst: nothing was in it.
  Pushed Push(SlotIndex newest, SlotIndex oldest) {
    std::uint32_t head = head_.load(std::memory_order_relaxed);
    do {
      if ((head & kClosedBit) != 0) return Pushed::kClosed;
      links_[oldest] = head;
      // Release pairs with TakeAll: what was written to the slots, and their links.
    } while (!head_.compare_exchange_weak(head, newest, std::memory_order_release,
                                          std::memory_order_relaxed));
    return head == kNoSlot ? Pushed::kFirst : Pushed::kBehindOthers;
  }

  // All that is in it, the oldest first, linked; kNoSlot where there is nothing.
  SlotIndex TakeAll() {
    std::uint32_t head = head_.load(std::memory_order_relaxed);
    do {
      if ((head & kNoSlot) == kNoSlot) return kNoSlot;
      // Acquire pairs with every Push whose slots are in the list: exchanges carry on the release.
    } while (!head_.compare_exchange_weak(head, (head & kClosedBit) | kNoSlot,
                                          std::memory_order_acquire, std::memory_order_relaxed));
    SlotIndex oldest = kNoSlot;
    for (SlotIndex slot = head & kNoSlot; slot != kNoSlot;) {
      const SlotIndex older = links_[slot];
      links_[slot] = oldest;
      oldest = slot;
      slot = older;
    }
    return oldest;
  }

  // Nothing more can be pushed; what is in it stays.
  void Close() { head_.fetch_or(kClosedBit, std::memory_order_relaxed); }

  bool empty() const { return (head_.load(std::memory_order_relaxed) & kNoSlot) == kNoSlot; }
  bool closed() const { return (head_.load(std::memory_order_relaxed) & kClosedBit) != 0; }
  // Closed, and nothing in it: nothing will ever be.
  bool finished() const { return head_.load(std::memory_order_relaxed) == (kClosedBit | kNoSlot); }

 private:
  static constexpr std::uint32_t kClosedBit = 0x8000'0000;

  SlotLinks& links_;
  // The newest slot, beside kClosedBit.
  alignas(64) std::atomic<std::uint32_t> head_{kNoSlot};
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_RUNTIME_SLOT_LISTS_H_
