#include "runtime/slot_lists.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <optional>
#include <set>

#include "tests/linearizability/interruption.h"

namespace flashsale {
namespace {

// Takes out all that is left; every slot must come once.
std::size_t TakeRest(FreeSlots& free, std::set<SlotIndex>& seen) {
  std::size_t twice = 0;
  for (SlotIndex slot = free.Pop(); slot != kNoSlot; slot = free.Pop()) {
    if (!seen.insert(slot).second) ++twice;
    if (seen.size() + twice > 100) break;
  }
  return twice;
}

TEST_CASE("a slot that was taken and came back, while another took it, is not given out twice") {
  if (!CanInterrupt()) {
    MESSAGE("skipped: nothing can be interrupted here");
    return;
  }
  // At each instruction of a Pop another thread takes two slots and gives the first one back: the
  // head is what it was, what follows it is not.
  std::size_t places = 0;
  for (std::size_t at = 1;; ++at) {
    FreeSlots free(4);
    SlotIndex mine = kNoSlot;
    std::optional<SlotIndex> kept;
    const bool interrupted = RunInterrupted(
        {.places = Interruption::Places::kEvery, .at = at}, [&] { mine = free.Pop(); },
        [&] {
          const SlotIndex first = free.Pop();
          kept = free.Pop();
          free.Push(first);
        });
    if (!interrupted) break;
    ++places;
    std::set<SlotIndex> seen = {mine, kept.value()};
    CHECK_MESSAGE(mine != kept.value(), "instruction " << at);
    CHECK_MESSAGE(TakeRest(free, seen) == 0, "instruction " << at);
    CHECK_MESSAGE(seen.size() == 4, "instruction " << at);
  }
  CHECK(places > 3);
}

}  // namespace
}  // namespace flashsale
