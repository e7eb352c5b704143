#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_CALENDAR_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_CALENDAR_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "flashsale/base/time.h"

namespace flashsale::sim {

// What is due when, for millions of shoppers: one list for each tick of the time to come (a
// calendar queue whose year is the whole run).  Putting and taking cost the same however many wait,
// and an entry is eight bytes, where a heap of them would pay a cache miss for each of its levels.
//
// A shopper may be put down several times; who keeps the calendar knows which of them still counts.
// Of one tick's entries those put down last come first, so the order depends on the calls alone.
// Thread safety: one thread.
// Blocking: never.  Ownership: none.  Clock: none.
class Calendar {
 public:
  using Tick = std::uint32_t;
  // An entry for this is never due.
  static constexpr Tick kNever = ~Tick{0};

  // From `start` over `span`, in ticks of a millisecond or, where there would be too many, longer
  // ones.  REQUIRES: span > 0.
  Calendar(Time start, Duration span)
      : start_(start),
        tick_(std::max<Duration>(Duration(1'000), span / kMostTicks + Duration(1))),
        heads_(static_cast<std::size_t>(span / tick_) + 2, kNone) {}

  Duration tick() const { return tick_; }
  Tick end() const { return static_cast<Tick>(heads_.size()); }
  Time TimeOf(Tick tick) const { return start_ + tick * tick_; }

  // The first tick that begins no earlier than `at`; kNever beyond the end.
  Tick TickAt(Time at) const {
    if (at <= start_) return 0;
    const Duration since = at - start_;
    const auto tick = static_cast<std::uint64_t>((since + tick_ - Duration(1)) / tick_);
    return tick < heads_.size() ? static_cast<Tick>(tick) : kNever;
  }

  // REQUIRES: the tick was not taken yet, or is kNever.
  void Put(Tick tick, std::uint32_t shopper) {
    if (tick == kNever) return;
    std::uint32_t entry = free_;
    if (entry != kNone) {
      free_ = entries_[entry].next;
    } else {
      entry = static_cast<std::uint32_t>(entries_.size());
      entries_.push_back({});
    }
    entries_[entry] = {.shopper = shopper, .next = heads_[tick]};
    heads_[tick] = entry;
  }

  bool IsEmpty(Tick tick) const { return heads_[tick] == kNone; }

  // Takes one of the tick's entries.  REQUIRES: !IsEmpty(tick).
  std::uint32_t Take(Tick tick) {
    const std::uint32_t entry = heads_[tick];
    heads_[tick] = entries_[entry].next;
    entries_[entry].next = free_;
    free_ = entry;
    return entries_[entry].shopper;
  }

  std::size_t memory_bytes() const {
    return heads_.capacity() * sizeof(heads_[0]) + entries_.capacity() * sizeof(entries_[0]);
  }
  // So that the entries of a crowd of this size need not be moved as they come.
  void Reserve(std::size_t entries) { entries_.reserve(entries); }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  static constexpr Duration::rep kMostTicks = Duration::rep{1} << 22;

  struct Entry {
    std::uint32_t shopper;
    std::uint32_t next;
  };

  const Time start_;
  const Duration tick_;
  std::vector<std::uint32_t> heads_;
  std::vector<Entry> entries_;
  std::uint32_t free_ = kNone;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_CALENDAR_H_
