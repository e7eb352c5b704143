#include "backend/memory/rate_table.h"

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

RateTable::Found RateTable::Find(Set& set, std::uint64_t tag, std::uint64_t now, const Pace& pace) {
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
  Found least{.word = nullptr, .ahead = std::numeric_limits<std::int64_t>::max()};
  for (std::size_t i = kShared + 1; i < kWords; ++i) {
    const std::int64_t ahead = Used(values[i], now, pace);
    if (ahead < least.ahead) least = {.word = &set.words[i], .value = values[i], .ahead = ahead};
  }
  // Who has used least makes room if they have a permit left: to be forgotten gives them nothing
  // that they could not have.
  if (least.ahead <= pace.burst - pace.permit) {
    return {.word = least.word, .value = least.value, .tag = tag, .ahead = 0, .newcomer = true};
  }
  Word& shared = set.words[kShared];
  const std::uint64_t value = shared.load(std::memory_order_relaxed);
  return {.word = &shared,
          .value = value,
          .tag = kSharedTag,
          .ahead = Used(value, now, pace),
          .newcomer = false};
}

RateDecision RateTable::Decide(const Found& found, const Pace& pace, std::uint32_t weight) {
  if (weight > pace.most) return {.retry_after = RateDecision::kNever};
  const std::int64_t wait = found.ahead + pace.permit * weight - pace.burst;
  if (wait <= 0) return {.allowed = true};
  return {.retry_after = Duration((wait * kNanosecondsPerTick + 999) / 1'000)};
}

RateDecision RateTable::Take(std::uint64_t hash, std::int64_t now_ns, const CellRate& rate,
                             std::uint32_t weight, const Bucket* seen) {
  const Pace pace(rate);
  const std::uint64_t now = NowTicks(now_ns);
  Set& set = SetOf(hash);
  for (;; seen = nullptr) {
    const Found found = seen != nullptr ? seen->found_ : Find(set, TagOf(hash), now, pace);
    const RateDecision decision = Decide(found, pace, weight);
    if (!decision.allowed) return decision;
    const auto tat = static_cast<std::uint64_t>(found.ahead + pace.permit * weight);
    const std::uint64_t value = found.tag | ((now + tat) & kTimeMask);
    std::uint64_t expected = found.value;
    // Sequentially consistent, as are the looks at the set: of two who bring in one key at once and
    // give it two words at least one sees the other's.
    if (!found.word->compare_exchange_strong(expected, value, std::memory_order_seq_cst)) continue;
    if (!found.newcomer || !DropTwin(set, found, value)) return decision;
  }
}

bool RateTable::DropTwin(Set& set, const Found& mine, std::uint64_t written) {
  for (std::size_t i = 0; i < kWords; ++i) {
    Word& word = set.words[i];
    if (i == kShared || &word == mine.word) continue;
    if ((word.load(std::memory_order_seq_cst) & ~kTimeMask) != mine.tag) continue;
    // Where somebody has used mine already, it is theirs to keep: one burst more, once.
    return mine.word->compare_exchange_strong(written, 0, std::memory_order_seq_cst);
  }
  return false;
}

RateDecision RateTable::Look(std::uint64_t hash, std::int64_t now_ns, const CellRate& rate,
                             std::uint32_t weight, Bucket* bucket) const {
  const Pace pace(rate);
  const Found found = Find(SetOf(hash), TagOf(hash), NowTicks(now_ns), pace);
  if (bucket != nullptr) bucket->found_ = found;
  return Decide(found, pace, weight);
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
