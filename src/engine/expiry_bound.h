#ifndef FLASHSALE_SRC_ENGINE_EXPIRY_BOUND_H_
#define FLASHSALE_SRC_ENGINE_EXPIRY_BOUND_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>

#include "base/mutex.h"

namespace flashsale::inline v0::engine {

// A lower bound of the deadlines of all holds, in microseconds, that a refusal can trust: if it is
// later than now, nothing has lapsed.  Each shard has a bound of its own, written under the shard's
// lock; this class keeps their minimum.
//
// The protocol.  Who enters a hold lowers the shard's bound, then the minimum, then counts the
// entry, and only then takes stock.  Who raises the minimum first marks it as being recomputed (a
// negative value), reads all shards, and sets the result only if nobody entered meanwhile: one who
// lowers a shard's bound and finds the mark changes it.  All of this is sequentially consistent, so
// that of an entry and a raise at least one sees the other. Thread safety: any thread, but for what
// is said at each function.
class ExpiryBound {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  explicit ExpiryBound(std::size_t shards)
      : shards_(shards), by_shard_(std::make_unique<std::atomic<std::int64_t>[]>(shards)) {
    for (std::size_t i = 0; i < shards; ++i) by_shard_[i].store(kNever, std::memory_order_relaxed);
  }

  // A hold of this deadline is about to take stock.  REQUIRES: the shard's lock.
  void Enter(std::size_t shard, std::int64_t deadline_us) {
    // The usual case writes nothing: earlier holds of the shard bound this one too.
    if (by_shard_[shard].load(std::memory_order_relaxed) > deadline_us) Lower(shard, deadline_us);
  }

  // No hold has a deadline earlier than this.  Negative: being recomputed.
  std::int64_t earliest() const { return earliest_.load(std::memory_order_seq_cst); }

  std::int64_t of_shard(std::size_t shard) const {
    return by_shard_[shard].load(std::memory_order_seq_cst);
  }

  // The shard's holds all have this deadline or a later one.  REQUIRES: the shard's lock.
  void SetShard(std::size_t shard, std::int64_t deadline_us) {
    if (deadline_us < by_shard_[shard].load(std::memory_order_relaxed)) {
      Lower(shard, deadline_us);
    } else {
      by_shard_[shard].store(deadline_us, std::memory_order_seq_cst);
    }
  }

  // Brings the minimum up to what the shards say.  May wait for another thread that does the same.
  void Raise() FLASHSALE_EXCLUDES(raising_);

 private:
  static constexpr std::int64_t kRecomputing = -1;

  void Lower(std::size_t shard, std::int64_t deadline_us);

  // Read by every refusal, written by hardly anybody: alone on its cache line.
  alignas(64) std::atomic<std::int64_t> earliest_{kNever};
  alignas(64) std::size_t shards_;
  std::unique_ptr<std::atomic<std::int64_t>[]> by_shard_;
  Mutex raising_;
};

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_EXPIRY_BOUND_H_
