#include "engine/expiry_bound.h"

#include <algorithm>

namespace flashsale::inline v0::engine {

void ExpiryBound::Lower(std::size_t shard, std::int64_t deadline_us) {
  by_shard_[shard].store(deadline_us, std::memory_order_seq_cst);
  std::int64_t seen = earliest_.load(std::memory_order_seq_cst);
  while (seen > deadline_us || seen < 0) {
    // A mark is changed into another mark: the raiser's exchange fails and it reads anew.
    const std::int64_t next = seen < 0 ? seen - 1 : deadline_us;
    if (earliest_.compare_exchange_weak(seen, next, std::memory_order_seq_cst)) return;
  }
}

void ExpiryBound::Raise() {
  const MutexLock lock(raising_);
  earliest_.store(kRecomputing, std::memory_order_seq_cst);
  std::int64_t mark = kRecomputing;
  std::int64_t lowest = kNever;
  do {
    lowest = kNever;
    for (std::size_t i = 0; i < shards_; ++i) lowest = std::min(lowest, of_shard(i));
  } while (!earliest_.compare_exchange_strong(mark, lowest, std::memory_order_seq_cst));
}

}  // namespace flashsale::inline v0::engine
