#include "base/thread_slot.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <latch>
#include <set>
#include <thread>
#include <vector>

namespace flashsale {
namespace {

std::vector<std::uint32_t> SlotsOfThreadsAliveAtOnce(std::size_t count) {
  std::vector<std::uint32_t> slots(count);
  std::latch all(static_cast<std::ptrdiff_t>(count));
  std::vector<std::jthread> threads;
  threads.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&slots, &all, i] {
      slots[i] = MyThreadSlot();
      if (MyThreadSlot() != slots[i]) slots[i] = kThreadSlots;
      all.arrive_and_wait();
    });
  }
  threads.clear();
  return slots;
}

TEST_CASE("threads that live at once have numbers of their own, and keep them") {
  const std::vector<std::uint32_t> slots = SlotsOfThreadsAliveAtOnce(16);
  CHECK(std::set(slots.begin(), slots.end()).size() == slots.size());
  CHECK(std::all_of(slots.begin(), slots.end(), IsOwnedSlot));
}

TEST_CASE("threads beyond the owned numbers share the rest") {
  const std::vector<std::uint32_t> slots = SlotsOfThreadsAliveAtOnce(kOwnedThreadSlots + 20);
  std::set<std::uint32_t> owned;
  std::size_t shared = 0;
  for (const std::uint32_t slot : slots) {
    REQUIRE(slot < kThreadSlots);
    if (!IsOwnedSlot(slot)) ++shared;
    if (IsOwnedSlot(slot)) CHECK(owned.insert(slot).second);
  }
  CHECK(shared >= 20);
}

TEST_CASE("numbers of threads that ended are given out again, with what was written under them") {
  // Plain integers: the hand-over alone makes this no race.
  std::vector<std::uint64_t> counts(kOwnedThreadSlots);
  constexpr int kRounds = 2'000;
  for (int i = 0; i < kRounds / 2; ++i) {
    std::atomic<int> not_owned = 0;
    {
      const auto count = [&] {
        const std::uint32_t slot = MyThreadSlot();
        if (IsOwnedSlot(slot)) ++counts[slot];
        if (!IsOwnedSlot(slot)) ++not_owned;
      };
      const std::jthread one(count);
      const std::jthread other(count);
    }
    REQUIRE(not_owned == 0);
  }
  std::uint64_t sum = 0;
  for (const std::uint64_t count : counts) sum += count;
  CHECK(sum == kRounds);
}

}  // namespace
}  // namespace flashsale
