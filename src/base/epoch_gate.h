#ifndef FLASHSALE_SRC_BASE_EPOCH_GATE_H_
#define FLASHSALE_SRC_BASE_EPOCH_GATE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/mutex.h"
#include "base/thread_slot.h"

namespace flashsale::inline v0 {

// Keeps what readers look at alive until they have left, without a lock or a shared word among
// readers: each counts itself in and out on the stripe of its thread.  Sleepable read-copy-update
// with two parities, after P. McKenney, "Sleepable RCU" (2006). Thread safety: any thread.
class EpochGate {
 public:
  // Between construction and destruction nothing that was reachable is freed.
  class Visit {
   public:
    explicit Visit(EpochGate& gate) : Visit(gate, MyThreadSlot()) {}
    Visit(EpochGate& gate, std::uint32_t slot)
        : stripe_(gate.stripes_[slot]),
          owned_(IsOwnedSlot(slot)),
          // Sequentially consistent, with the additions below and Synchronize: of a visitor who
          // counts in and a writer who looks at the counts, one sees the other.
          parity_(gate.parity_.load(std::memory_order_seq_cst)) {
      stripe_.inside[parity_].fetch_add(1, std::memory_order_seq_cst);
    }
    ~Visit() {
      std::atomic<std::uint32_t>& inside = stripe_.inside[parity_];
      if (owned_) {
        inside.store(inside.load(std::memory_order_relaxed) - 1, std::memory_order_release);
      } else {
        inside.fetch_sub(1, std::memory_order_release);
      }
    }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

   private:
    friend class EpochGate;

    // Two cache lines: processors fetch them in pairs, and a neighbour's count would come along.
    struct alignas(128) Counts {
      std::array<std::atomic<std::uint32_t>, 2> inside{};
    };
    Counts& stripe_;
    const bool owned_;  // no other thread writes to this stripe
    const std::size_t parity_;
  };

  // Returns when every visit has ended that began before the call.
  // REQUIRES: the calling thread is in no visit.
  void Synchronize() FLASHSALE_EXCLUDES(mutex_);

 private:
  void WaitFor(std::size_t parity) const;

  std::array<Visit::Counts, kThreadSlots> stripes_;
  std::atomic<std::size_t> parity_{0};
  Mutex mutex_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_BASE_EPOCH_GATE_H_
