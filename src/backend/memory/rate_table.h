#ifndef FLASHSALE_SRC_BACKEND_MEMORY_RATE_TABLE_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_RATE_TABLE_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "engine/page_region.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/quota.h"

namespace flashsale::inline v0::memory {

// The used-up rates of the keys of one scope, in memory that never grows: sets of one cache line,
// chosen by the key's hash; in each, seven keys of one atomic word and one word for all others.
//
// A word is 20 bits of the key's hash and the TAT of its bucket (see CellRate) in steps of 16 ns,
// modulo 2^44; zero is nobody.  Two keys of a set that agree in those bits share a bucket: one in
// 150,000 does.  A bucket that is full holds nothing worth keeping, so its word is taken by whoever
// comes next.  Where all seven have used something, a newcomer takes the word of the key that has
// used least, unless that one has no permit left: then all seven are offenders, keep their words,
// and newcomers share the eighth.
//
// REQUIRES of every rate: a burst that comes back within a day, at most a million permits a second.
// Thread safety: any thread; lock-free.  Clock: none; the callers' may differ by an hour.
class RateTable {
 public:
  // Room for `keys` at the least.
  explicit RateTable(std::uint64_t keys);

  // False where the system had no memory.
  bool ok() const { return !region_.empty(); }

  void Prefetch(std::uint64_t hash) const { __builtin_prefetch(&SetOf(hash), 1); }

  // What a key has left, and what to make of it.
  class Bucket;
  // Whether `weight` permits are there; takes none.
  Bucket Look(std::uint64_t hash, std::int64_t now_ns, const CellRate& rate,
              std::uint32_t weight) const;
  // Takes what a look has found.  False, and nothing was taken, where it has changed since.
  // REQUIRES: seen.allowed().
  static bool TakeSeen(const Bucket& seen);
  // Takes `weight` permits, or none.
  RateDecision Take(std::uint64_t hash, std::int64_t now_ns, const CellRate& rate,
                    std::uint32_t weight);
  // Puts `weight` permits back, as far as the key is still known.
  void Return(std::uint64_t hash, const CellRate& rate, std::uint32_t weight);

  // Forgets full buckets among the next `sets` sets, so that no word outlives the modulus of its
  // time.  Every set must be met once in kLongestRest.
  void Sweep(std::int64_t now_ns, std::size_t sets);
  std::size_t set_count() const { return static_cast<std::size_t>(set_count_); }
  static constexpr Duration kLongestRest = std::chrono::hours{12};

  std::size_t bytes() const { return region_.bytes(); }

 private:
  using Word = std::atomic<std::uint64_t>;
  static constexpr std::size_t kWords = 8;
  struct alignas(64) Set {
    std::array<Word, kWords> words;
  };
  static_assert(sizeof(Set) == 64);

  // A rate in ticks.
  struct Pace {
    explicit Pace(const CellRate& rate);
    std::int64_t permit;
    std::int64_t burst;
    std::uint32_t most;  // permits at once
  };
  // The word of a key or, where it has none, the one that it would get.
  struct Found {
    Word* word;
    std::uint64_t value;  // as it was read
    std::uint64_t tag;    // that a new value carries
    std::int64_t ahead;   // what the bucket has used, in ticks; 0 where it is full
    bool newcomer;
  };

  Set& SetOf(std::uint64_t hash) const;
  static Found Find(Set& set, std::uint64_t tag, std::uint64_t now, const Pace& pace);
  static std::int64_t Used(std::uint64_t value, std::uint64_t now, const Pace& pace);
  // Gives back a word whose key has another one in the set.  False where it has none.
  static bool DropTwin(const Bucket& mine);

  const std::uint64_t set_count_;
  engine::PageRegion region_;
  std::atomic<std::uint64_t> next_sweep_{0};
};

class RateTable::Bucket {
 public:
  Bucket() {}  // NOLINT(modernize-use-equals-default): of no meaning until it is looked at
  RateDecision decision() const { return {.allowed = allowed_, .retry_after = retry_after_}; }
  bool allowed() const { return allowed_; }

 private:
  friend class RateTable;
  bool allowed_;
  bool newcomer_;
  Duration retry_after_;
  Set* set_;
  Word* word_;
  std::uint64_t seen_;
  std::uint64_t next_;  // what it is once the permits are taken
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_RATE_TABLE_H_
