#include "service/slot_bound.h"

#include <algorithm>

namespace flashsale::inline v0 {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

Time At(const std::atomic<Duration::rep>& us) { return Time(Duration(us.load(kRelaxed))); }

}  // namespace

void SlotBound::NoteLetIn(Time now, std::uint64_t people) {
  if (people == 0) return;
  std::size_t newest = newest_.load(kRelaxed);
  const std::uint64_t before = parts_[newest].people.load(kRelaxed);
  const bool is_over = now - At(parts_[newest].first_us) >= window_ / kParts;
  const Duration::rep now_us = now.time_since_epoch().count();
  if (before == 0 || is_over) {
    if (before != 0) newest = (newest + 1) % parts_.size();
    parts_[newest].people.store(0, kRelaxed);
    parts_[newest].first_us.store(now_us, kRelaxed);
  }
  parts_[newest].last_us.store(now_us, kRelaxed);
  parts_[newest].people.fetch_add(people, kRelaxed);
  newest_.store(newest, kRelaxed);
}

void SlotBound::NotePause(Duration time) {
  for (Part& part : parts_) {
    part.first_us.fetch_add(time.count(), kRelaxed);
    part.last_us.fetch_add(time.count(), kRelaxed);
  }
}

Time SlotBound::OutBy(std::uint64_t number, std::uint64_t inside, Time now) const {
  // At the worst those are inside who came last, and of these the first to come is the first to go.
  const std::uint64_t younger = inside - number;
  std::uint64_t passed = 0;
  const std::size_t newest = newest_.load(kRelaxed);
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[(newest + parts_.size() - i) % parts_.size()];
    const std::uint64_t people = part.people.load(kRelaxed);
    if (people == 0) break;
    passed += people;
    if (passed > younger) {
      return std::clamp(SaturatingAdd(At(part.last_us), window_), now, SaturatingAdd(now, window_));
    }
  }
  return SaturatingAdd(now, window_);
}

}  // namespace flashsale::inline v0
