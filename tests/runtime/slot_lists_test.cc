#include "runtime/slot_lists.h"
#include "runtime/event_count.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace flashsale {
namespace {

TEST_CASE("free slots are given out once each") {
  FreeSlots free(3);
  std::vector<bool> seen(3);
  for (int i = 0; i < 3; ++i) {
    const SlotIndex slot = free.Pop();
    REQUIRE(slot < 3);
    CHECK_FALSE(seen[slot]);
    seen[slot] = true;
  }
  CHECK(free.Pop() == kNoSlot);
  free.Push(1);
  CHECK(free.Pop() == 1);
  CHECK(free.Pop() == kNoSlot);
}

TEST_CASE("an inbox hands over all at once, the oldest first") {
  SlotLinks links(8, kNoSlot);
  SlotInbox inbox(links);
  CHECK(inbox.empty());
  CHECK(inbox.TakeAll() == kNoSlot);
  CHECK(inbox.Push(5, 5) == SlotInbox::Pushed::kFirst);
  CHECK(inbox.Push(2, 2) == SlotInbox::Pushed::kBehindOthers);
  // Two at once: 4 is the newer.
  links[4] = 7;
  CHECK(inbox.Push(4, 7) == SlotInbox::Pushed::kBehindOthers);
  CHECK_FALSE(inbox.empty());
  std::vector<SlotIndex> taken;
  for (SlotIndex slot = inbox.TakeAll(); slot != kNoSlot; slot = links[slot]) taken.push_back(slot);
  CHECK(taken == std::vector<SlotIndex>{5, 2, 7, 4});
  CHECK(inbox.empty());
  CHECK(inbox.Push(1, 1) == SlotInbox::Pushed::kFirst);
}

TEST_CASE("a closed inbox takes no more, and gives what it has") {
  SlotLinks links(2, kNoSlot);
  SlotInbox inbox(links);
  inbox.Push(0, 0);
  CHECK_FALSE(inbox.closed());
  inbox.Close();
  CHECK(inbox.closed());
  CHECK_FALSE(inbox.finished());
  CHECK(inbox.Push(1, 1) == SlotInbox::Pushed::kClosed);
  CHECK(inbox.TakeAll() == 0);
  CHECK(links[0] == kNoSlot);
  CHECK(inbox.finished());
  CHECK(inbox.TakeAll() == kNoSlot);
  CHECK(inbox.Push(1, 1) == SlotInbox::Pushed::kClosed);
}

TEST_CASE("slots that go round between threads are in one place at a time") {
  constexpr SlotIndex kSlots = 4;
  constexpr int kThreads = 4;
  constexpr int kRounds = 5'000;
  FreeSlots free(kSlots);
  SlotLinks links(kSlots, kNoSlot);
  SlotInbox inbox(links);
  EventCount arrivals;
  // Not atomic: ThreadSanitizer sees two owners at a time.
  std::vector<int> payload(kSlots, 0);
  std::atomic<int> wrong = 0;
  int received = 0;
  std::jthread receiver([&] {
    for (;;) {
      const EventCount::Value seen = arrivals.Read();
      bool any = false;
      for (SlotIndex slot = inbox.TakeAll(); slot != kNoSlot;) {
        const SlotIndex next = links[slot];
        if (payload[slot] != 1) ++wrong;
        payload[slot] = 0;
        ++received;
        free.Push(slot);
        slot = next;
        any = true;
      }
      if (inbox.finished()) return;
      if (!any) arrivals.Wait(seen);
    }
  });
  {
    std::vector<std::jthread> senders;
    for (int i = 0; i < kThreads; ++i) {
      senders.emplace_back([&] {
        for (int n = 0; n < kRounds;) {
          const SlotIndex slot = free.Pop();
          if (slot == kNoSlot) {
            std::this_thread::yield();
            continue;
          }
          if (payload[slot] != 0) ++wrong;
          payload[slot] = 1;
          if (inbox.Push(slot, slot) == SlotInbox::Pushed::kFirst) arrivals.Announce();
          ++n;
        }
      });
    }
  }
  inbox.Close();
  arrivals.Announce();
  receiver.join();
  CHECK(received == kThreads * kRounds);
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace flashsale
