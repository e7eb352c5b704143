#include "base/epoch_gate.h"

#include <thread>

namespace flashsale::inline v0 {

void EpochGate::Synchronize() {
  const MutexLock lock(mutex_);
  // A visitor may have read the parity before the flip and count in after the look: that one is
  // caught by the second round, which waits for the other parity too.
  for (int round = 0; round < 2; ++round) {
    const std::size_t old_parity = parity_.load(std::memory_order_seq_cst);
    parity_.store(1 - old_parity, std::memory_order_seq_cst);
    WaitFor(old_parity);
  }
}

void EpochGate::WaitFor(std::size_t parity) const {
  for (const Visit::Counts& stripe : stripes_) {
    while (stripe.inside[parity].load(std::memory_order_seq_cst) != 0) std::this_thread::yield();
  }
}

}  // namespace flashsale::inline v0
