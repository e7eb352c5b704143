#include "backend/memory/rate_table.h"

#include <algorithm>
#include <limits>

namespace flashsale::inline v0::memory {
namespace {

constexpr int kTimeBits = 44;
constexpr std::uint64_t kTimeMask = (std::uint64_t{1} << kTimeBits) - 1;
constexpr std::int64_t kNanosecondsPerTick = 16;
// One hour, in ticks.
constexpr std::int64_t kMostSkew = std::int64_t{3'600} * 1'000'000'000 / kNanosecondsPerTick;
constexpr std::size_t kShared = 0;  // the word of all who have none of their own
constexpr std::uint64_t kSharedTag = std::uint64_t{1} << kTimeBits;

// Rounded up, so that a rate is never exceeded.
constexpr std::int64_t Ticks(std::int64_t ns) {
  return (ns + kNanosecondsPerTick - 1) / kNanosecondsPerTick;
}
constexpr std::uint64_t NowTicks(std::int64_t now_ns) {
  return static_cast<std::uint64_t>(now_ns / kNanosecondsPerTick) & kTimeMask;
}

// How far the time in `value` lies ahead of now: the difference modulo 2^44, as a signed number.
constexpr std::int64_t AheadOf(std::uint64_t value, std::uint64_t now) {
  const std::uint64_t difference = (value - now) << (64 - kTimeBits);
  return static_cast<std::int64_t>(difference) >> (64 - kTimeBits);
}

// Bits of the hash that do not choose the set; never zero.
constexpr std::uint64_t TagOf(std::uint64_t hash) {
  const std::uint64_t bits = hash & 0xFFFFF;
  return (bits == 0 ? 1 : bits) << kTimeBits;
}

}  // namespace

RateTable::RateTable(std::uint64_t keys)
    : set_count_((keys + kWords - 2) / (kWords - 1)),
      region_(engine::PageRegion::Map(set_count_ * sizeof(Set))) {}

RateTable::Set& RateTable::SetOf(std::uint64_t hash) const {
  return reinterpret_cast<Set*>(region_.data())[(hash >> 32) * set_count_ >> 32];
}

RateTable::Pace::Pace(const CellRate& rate)
    : permit(Ticks(rate.permit_ns())), burst(permit * rate.burst()), most(rate.burst()) {}

std::int64_t RateTable::Used(std::uint64_t value, std::uint64_t now, const Pace& pace) {
  if (value == 0) return 0;
  const std::int64_t ahead = AheadOf(value, now);
  // No bucket is further ahead than its burst, and a caller's clock not further behind than this:
  // such a time is one of long ago.
  return ahead < 0 || ahead > pace.burst + kMostSkew ? 0 : ahead;
}

inline RateTable::Found RateTable::Find(Set& set, std::uint64_t tag, std::uint64_t now,
                                        const Pace& pace) {
  std::array<std::uint64_t, kWords> values;
  std::size_t nobody = kShared;
  for (std::size_t i = kShared + 1; i < kWords; ++i) {
    values[i] = set.words[i].load(std::memory_order_seq_cst);
    if ((values[i] & ~kTimeMask) == tag) {
      return {.word = &set.words[i],
              .value = values[i],
              .tag = tag,
              .ahead = Used(values[i], now, pace),
              .newcomer = false};
    }
    if (values[i] == 0) nobody = i;
  }
  if (nobody != kShared) {
    return {.word = &set.words[nobody], .value = 0, .tag = tag, .ahead = 0, .newcomer = true};
  }
  std::size_t least = kShared;
  std::int64_t least_ahead = std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = kShared + 1; i < kWords; ++i) {
    const std::int64_t ahead = Used(values[i], now, pace);
    if (ahead >= least_ahead) continue;
    least = i;
    least_ahead = ahead;
  }
  // Who has used least makes room if they have a permit left: to be forgotten gives them nothing
  // that they could not have.
  if (least_ahead <= pace.burst - pace.permit) {
    return {.word = &set.words[least],
            .value = values[least],
            .tag = tag,
            .ahead = 0,
            .newcomer = true};
  }
  Word& shared = set.words[kShared];
  const std::uint64_t value = shared.load(std::memory_order_relaxed);
  return {.word = &shared,
          .value = value,
          .tag = kSharedTag,
          .ahead = Used(value, now, pace),
          .newcomer = false};
}

RateTable::Bucket RateTable::Look(std::uint64_t hash, std::int64_t now_ns, const CellRate& rate,
                                  std::uint32_t weight) const {
  const Pace pace(rate);
  Bucket bucket;
  bucket.allowed_ = false;
  bucket.retry_after_ = RateDecision::kNever;
  if (weight > pace.most) return bucket;
  const std::uint64_t now = NowTicks(now_ns);
  Set& set = SetOf(hash);
  const Found found = Find(set, TagOf(hash), now, pace);
  const std::int64_t ahead = found.ahead + pace.permit * weight;
  const std::int64_t wait = std::max(ahead - pace.burst, std::int64_t{0});
  bucket.allowed_ = wait == 0;
  // Rounded up: whoever comes back then does not come too early.
  bucket.retry_after_ = Duration((wait * kNanosecondsPerTick + 999) / 1'000);
  bucket.set_ = &set;
  bucket.word_ = found.word;
  bucket.seen_ = found.value;
  bucket.next_ = found.tag | ((now + static_cast<std::uint64_t>(ahead)) & kTimeMask);
  bucket.newcomer_ = found.newcomer;
  return bucket;
}

bool RateTable::TakeSeen(const Bucket& seen) {
  std::uint64_t expected = seen.seen_;
  // Sequentially consistent, as are the looks at the set: of two who bring in one key at once and
  // give it two words at least one sees the other's.
  if (!seen.word_->compare_exchange_strong(expected, seen.next_, std::memory_order_seq_cst)) {
    return false;
  }
  return !seen.newcomer_ || !DropTwin(seen);
}

bool RateTable::DropTwin(const Bucket& mine) {
  const std::uint64_t tag = mine.next_ & ~kTimeMask;
  for (std::size_t i = kShared + 1; i < kWords; ++i) {
    const Word& word = mine.set_->words[i];
    if ((word.load(std::memory_order_seq_cst) & ~kTimeMask) != tag) continue;
    if (&word == mine.word_) continue;
    // Where somebody has used mine already, it is theirs to keep: one burst more, once.
    std::uint64_t written = mine.next_;
    return mine.word_->compare_exchange_strong(written, 0, std::memory_order_seq_cst);
  }
  return false;
}

RateDecision RateTable::Take(std::uint64_t hash, std::int64_t now_ns, const CellRate& rate,
                             std::uint32_t weight) {
  for (;;) {
    const Bucket seen = Look(hash, now_ns, rate, weight);
    if (!seen.allowed() || TakeSeen(seen)) return seen.decision();
  }
}

void RateTable::Return(std::uint64_t hash, const CellRate& rate, std::uint32_t weight) {
  const auto ticks = static_cast<std::uint64_t>(Pace(rate).permit * weight);
  for (Word& word : SetOf(hash).words) {
    std::uint64_t value = word.load(std::memory_order_relaxed);
    while ((value & ~kTimeMask) == TagOf(hash)) {
      const std::uint64_t earlier = TagOf(hash) | ((value - ticks) & kTimeMask);
      if (word.compare_exchange_weak(value, earlier, std::memory_order_relaxed)) return;
    }
  }
}

void RateTable::Sweep(std::int64_t now_ns, std::size_t sets) {
  const std::uint64_t now = NowTicks(now_ns);
  const std::uint64_t first = next_sweep_.fetch_add(sets, std::memory_order_relaxed);
  auto* const all = reinterpret_cast<Set*>(region_.data());
  for (std::size_t i = 0; i < sets; ++i) {
    for (Word& word : all[(first + i) % set_count_].words) {
      std::uint64_t value = word.load(std::memory_order_relaxed);
      if (value != 0 && AheadOf(value, now) <= 0) {
        word.compare_exchange_strong(value, 0, std::memory_order_relaxed);
      }
    }
  }
}

}  // namespace flashsale::inline v0::memory
