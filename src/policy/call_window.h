#ifndef FLASHSALE_SRC_POLICY_CALL_WINDOW_H_
#define FLASHSALE_SRC_POLICY_CALL_WINDOW_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/thread_slot.h"
#include "flashsale/base/time.h"

namespace flashsale::inline v0 {

// Counts of calls over a sliding window: a ring of buckets, each in several cache lines so that
// threads count apart.
//
// A counter is one word: which generation and which bucket of time it counts for, and the count. So
// a count cannot go to another time or generation than it was meant for, however long a thread
// rests between two instructions.  A counter that reads 2^22 - 1 stays there.
// Thread safety: any thread; lock-free.  Blocking: never.  Ownership: none.  Clock: none.
class CallWindow {
 public:
  CallWindow(Duration length, std::uint32_t buckets)
      : bucket_us_(length.count() / buckets), bucket_count_(buckets), cells_(buckets * kLines) {}

  struct Call {
    bool failed = false;
    bool slow = false;
  };
  void Add(std::uint64_t generation, Time now, Call call) {
    const std::uint64_t bucket = BucketOf(now);
    Cell& cell = CellAt(bucket, MyThreadSlot() % kLines);
    const std::uint64_t stamp = StampOf(generation, bucket);
    // The total first and read last, so that no sum shows more failures than calls.
    if (!Increment(cell[kAll], stamp)) return;
    if (call.failed) Increment(cell[kFailed], stamp);
    if (call.slow) Increment(cell[kSlow], stamp);
  }

  struct Sums {
    std::uint64_t calls = 0;
    std::uint64_t failed = 0;
    std::uint64_t slow = 0;
  };
  // Of the bucket of `now` and those before it that lie in the window.
  Sums Read(std::uint64_t generation, Time now) const {
    Sums sums;
    const std::uint64_t last = BucketOf(now);
    for (std::uint64_t i = 0; i < bucket_count_ && i <= last; ++i) {
      const std::uint64_t stamp = StampOf(generation, last - i);
      for (std::size_t line = 0; line < kLines; ++line) {
        const Cell& cell = cells_[IndexOf(last - i, line)].words;
        sums.slow += CountIn(cell[kSlow], stamp);
        sums.failed += CountIn(cell[kFailed], stamp);
        sums.calls += CountIn(cell[kAll], stamp);
      }
    }
    return sums;
  }

 private:
  static constexpr std::size_t kLines = 8;
  static constexpr int kCountBits = 22;
  static constexpr int kBucketBits = 26;
  static constexpr std::uint64_t kCountMask = (std::uint64_t{1} << kCountBits) - 1;
  static constexpr std::uint64_t kBucketMask = (std::uint64_t{1} << kBucketBits) - 1;

  enum Counter : std::uint8_t { kAll = 0, kFailed = 1, kSlow = 2 };
  using Cell = std::array<std::atomic<std::uint64_t>, 3>;
  struct alignas(64) Line {
    Cell words = {};
  };

  std::uint64_t BucketOf(Time now) const {
    return static_cast<std::uint64_t>(now.time_since_epoch().count() / bucket_us_);
  }
  std::size_t IndexOf(std::uint64_t bucket, std::size_t line) const {
    return static_cast<std::size_t>(bucket % bucket_count_) * kLines + line;
  }
  Cell& CellAt(std::uint64_t bucket, std::size_t line) {
    return cells_[IndexOf(bucket, line)].words;
  }

  // Generation, bucket, count, from the top.  Of the first two only so many bits are kept.
  static std::uint64_t StampOf(std::uint64_t generation, std::uint64_t bucket) {
    return ((generation << kBucketBits) | (bucket & kBucketMask)) << kCountBits;
  }

  // Whether `word` counts for a later time or generation than `stamp`, so that it is not to be
  // thrown away for it.  Both numbers go round, so only so far ahead is later: what is further off
  // is a word that nobody touched for very long.
  static bool IsLater(std::uint64_t word, std::uint64_t stamp) {
    constexpr int kGenerationShift = kBucketBits + kCountBits;
    constexpr std::uint64_t kGenerationMask = (std::uint64_t{1} << (64 - kGenerationShift)) - 1;
    constexpr std::uint64_t kGenerationsAhead = std::uint64_t{1} << 10;
    constexpr std::uint64_t kBucketsAhead = std::uint64_t{1} << 16;
    const std::uint64_t generations =
        ((word >> kGenerationShift) - (stamp >> kGenerationShift)) & kGenerationMask;
    if (generations != 0) return generations < kGenerationsAhead;
    return (((word >> kCountBits) - (stamp >> kCountBits)) & kBucketMask) < kBucketsAhead;
  }

  // False where the call is not counted: it comes too late.
  static bool Increment(std::atomic<std::uint64_t>& word, std::uint64_t stamp) {
    // Relaxed throughout: the word is all there is, nothing is published with it.
    std::uint64_t seen = word.load(std::memory_order_relaxed);
    std::uint64_t next = 0;
    do {
      if ((seen & ~kCountMask) == stamp) {
        if ((seen & kCountMask) == kCountMask) return true;
        next = seen + 1;
      } else if (seen != 0 && IsLater(seen, stamp)) {
        return false;
      } else {
        next = stamp + 1;
      }
    } while (!word.compare_exchange_weak(seen, next, std::memory_order_relaxed));
    return true;
  }

  static std::uint64_t CountIn(const std::atomic<std::uint64_t>& word, std::uint64_t stamp) {
    // Acquire orders the reads of a cell as they are written here.
    const std::uint64_t seen = word.load(std::memory_order_acquire);
    return (seen & ~kCountMask) == stamp ? seen & kCountMask : 0;
  }

  const std::int64_t bucket_us_;
  const std::uint64_t bucket_count_;
  std::vector<Line> cells_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_CALL_WINDOW_H_
