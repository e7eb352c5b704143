#ifndef FLASHSALE_SRC_ENGINE_JOB_H_
#define FLASHSALE_SRC_ENGINE_JOB_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "engine/shard.h"
#include "flashsale/base/outcome.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/repository/command.h"

namespace flashsale::inline v0::engine {

// How many commands are looked ahead, and carried out under one set of locks: no more than one
// spare block of an expiry queue has room for.
inline constexpr std::size_t kMaxRun = ExpiryBlock::kEntries;
inline constexpr std::size_t kMaxShards = 1024;

using ShardIndex = std::uint16_t;

// What a command will change.
enum class Effect : std::uint8_t {
  kReserve,
  kTombstone,
  kConfirm,
  kRevive,
  kCancel,
  kExtend,
  kVoid,
};

// A shopper's command on its way through the engine.
struct Job {
  const Command* command;
  Outcome* outcome;
  std::uint64_t hash;  // of the user
  ShardIndex shard;
  // The limit keys that it is charged to: a reserve's own, else those of its record; null: none, or
  // not yet known.  The rest says where those that are not nil lie.
  const LimitKeys* keys;
  std::array<std::uint64_t, kMaxLimitKeys> key_hashes;
  std::array<ShardIndex, kMaxLimitKeys> key_shards;

  // What the terms, which never change, say about a reserve: which field they forbid, and the limit
  // that the command carries for its user.
  Field forbidden;
  Units carried_limit;

  // Set by the judgement, valid while the locks are held.
  Effect effect;
  Place place;      // of the user's line; kNoPlace: there is none yet
  Ordinal ordinal;  // of the record
  std::uint16_t line;
  Units units;     // that are taken, bought or given back
  Units returned;  // that a confirm of a part gives back
  Units limit;     // of the user, that a reserve or revive was judged by
  std::int64_t deadline_us;
  // Tombstones of users without any other record: how many more (tombstone) or fewer (reserve).
  std::uint32_t stray;
};

// Calls visit(i) for each limit key of the job.
template <typename Visit>
void ForEachKey(const Job& job, Visit visit) {
  if (job.keys == nullptr) return;
  for (std::size_t i = 0; i < kMaxLimitKeys; ++i) {
    if (!(*job.keys)[i].is_nil()) visit(i);
  }
}

// Locks of shards, always taken in ascending order, and given back together.
class ShardLocks {
 public:
  explicit ShardLocks(ShardArray& shards) : shards_(shards) {}
  ~ShardLocks() { Unlock(); }
  ShardLocks(const ShardLocks&) = delete;
  ShardLocks& operator=(const ShardLocks&) = delete;

  // REQUIRES: not locked; at most kMaxRun * (1 + kMaxLimitKeys) in all.
  void Add(ShardIndex shard) { wanted_[static_cast<std::size_t>(count_++)] = shard; }

  void Lock() FLASHSALE_NO_THREAD_SAFETY_ANALYSIS {
    if (count_ > 1) SortWanted();
    for (std::ptrdiff_t i = 0; i < count_; ++i) shards_[Wanted(i)].mutex.Lock();
    locked_ = true;
  }

  void Unlock() FLASHSALE_NO_THREAD_SAFETY_ANALYSIS {
    if (!locked_) return;
    for (std::ptrdiff_t i = 0; i < count_; ++i) shards_[Wanted(i)].mutex.Unlock();
    locked_ = false;
  }

 private:
  // Ascending, each once: through a set of bits.
  void SortWanted() {
    std::array<std::uint64_t, kMaxShards / 64> set{};
    for (std::ptrdiff_t i = 0; i < count_; ++i) {
      set[Wanted(i) / 64U] |= std::uint64_t{1} << (Wanted(i) % 64U);
    }
    count_ = 0;
    for (std::size_t word = 0; word < set.size(); ++word) {
      for (std::uint64_t bits = set[word]; bits != 0; bits &= bits - 1) {
        Add(static_cast<ShardIndex>(word * 64 + static_cast<unsigned>(std::countr_zero(bits))));
      }
    }
  }

  ShardIndex Wanted(std::ptrdiff_t i) const { return wanted_[static_cast<std::size_t>(i)]; }

  ShardArray& shards_;
  std::ptrdiff_t count_ = 0;
  bool locked_ = false;
  std::array<ShardIndex, kMaxRun * (1 + kMaxLimitKeys)> wanted_;
};

// The locks of all shards of a sale.
class AllShardsLock {
 public:
  explicit AllShardsLock(ShardArray& shards) FLASHSALE_NO_THREAD_SAFETY_ANALYSIS : shards_(shards) {
    for (Shard& shard : shards_) shard.mutex.Lock();
  }
  ~AllShardsLock() FLASHSALE_NO_THREAD_SAFETY_ANALYSIS {
    for (Shard& shard : shards_) shard.mutex.Unlock();
  }
  AllShardsLock(const AllShardsLock&) = delete;
  AllShardsLock& operator=(const AllShardsLock&) = delete;

 private:
  ShardArray& shards_;
};

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_JOB_H_
