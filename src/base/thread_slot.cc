#include "base/thread_slot.h"

#include <atomic>
#include <bit>

namespace flashsale::inline v0::thread_slot_internal {
namespace {

static_assert(kOwnedThreadSlots == 64, "one bit each");
std::atomic<std::uint64_t> taken{0};
std::atomic<std::uint32_t> latecomers{0};

std::uint32_t SharedSlot() {
  // Relaxed: any of the shared numbers will do.
  return kOwnedThreadSlots +
         latecomers.fetch_add(1, std::memory_order_relaxed) % (kThreadSlots - kOwnedThreadSlots);
}

std::uint32_t TakeFreeSlot() {
  std::uint64_t seen = taken.load(std::memory_order_relaxed);
  while (~seen != 0) {
    const auto slot = static_cast<std::uint32_t>(std::countr_one(seen));
    // Acquire pairs with the release of the owner before: what it counted is seen.
    if (taken.compare_exchange_weak(seen, seen | (std::uint64_t{1} << slot),
                                    std::memory_order_acquire, std::memory_order_relaxed)) {
      return slot;
    }
  }
  return SharedSlot();
}

// Gives an owned number back when its thread ends.
struct Lease {
  Lease() : slot(TakeFreeSlot()) {}
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() {
    // Destructors of other thread_locals may still count: from now on as one of many.
    mine = SharedSlot();
    if (IsOwnedSlot(slot)) {
      taken.fetch_and(~(std::uint64_t{1} << slot), std::memory_order_release);
    }
  }

  const std::uint32_t slot;
};

}  // namespace

constinit thread_local std::uint32_t mine FLASHSALE_TLS_INITIAL_EXEC = kNoSlot;

std::uint32_t Claim() {
  thread_local const Lease lease;
  mine = lease.slot;
  return mine;
}

}  // namespace flashsale::inline v0::thread_slot_internal
