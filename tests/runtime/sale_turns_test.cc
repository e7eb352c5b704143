#include "runtime/sale_turns.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

namespace flashsale {
namespace {

// Slots whose sales are told by letters; 'a' and 'b' share their hash, 'c' its bucket with them.
struct Waiting {
  explicit Waiting(const std::string& sales) : slots(sales.size()), links(sales.size(), kNoSlot) {
    for (std::size_t i = 0; i < sales.size(); ++i) {
      slots[i].call.sale = SaleId(sales.substr(i, 1));
      slots[i].sale_hash = sales[i] == 'c' ? 1'024 : 0;
    }
    turns.emplace(slots, links);
  }
  void AddAll() {
    for (SlotIndex i = 0; i < slots.size(); ++i) turns->Add(i, kMinTime);
  }
  // Slots in the order in which they are served, `in_turn` to a turn.
  std::vector<SlotIndex> ServeAll(std::size_t in_turn) {
    std::vector<SlotIndex> served;
    while (!turns->empty()) {
      bool more = true;
      for (std::size_t i = 0; more && i < in_turn; ++i) {
        served.push_back(turns->first());
        more = turns->TakeFirst();
      }
      if (more) turns->EndTurn();
    }
    return served;
  }

  std::vector<LaneSlot> slots;
  SlotLinks links;
  std::optional<SaleTurns> turns;
};

TEST_CASE("sales take turns, and each is served in order") {
  Waiting waiting("aabacab");
  waiting.AddAll();
  CHECK(waiting.turns->size() == 4);
  CHECK(waiting.ServeAll(1) == std::vector<SlotIndex>{0, 2, 4, 1, 6, 3, 5});
  waiting.AddAll();
  CHECK(waiting.ServeAll(2) == std::vector<SlotIndex>{0, 1, 2, 6, 4, 3, 5});
  waiting.AddAll();
  CHECK(waiting.ServeAll(9) == std::vector<SlotIndex>{0, 1, 3, 5, 2, 6, 4});
}

TEST_CASE("a sale that left comes back as the last") {
  Waiting waiting("aba");
  waiting.turns->Add(0, kMinTime);
  waiting.turns->Add(1, kMinTime);
  CHECK(waiting.turns->first() == 0);
  CHECK_FALSE(waiting.turns->TakeFirst());
  waiting.turns->Add(2, kMinTime);
  CHECK(waiting.turns->first() == 1);
  CHECK_FALSE(waiting.turns->TakeFirst());
  CHECK(waiting.turns->first() == 2);
  CHECK_FALSE(waiting.turns->TakeFirst());
  CHECK(waiting.turns->empty());
}

TEST_CASE("as many sales as slots find room, again and again") {
  Waiting waiting("abcdefgh");
  for (int round = 0; round < 3; ++round) {
    waiting.AddAll();
    CHECK(waiting.ServeAll(1).size() == 8);
  }
}

}  // namespace
}  // namespace flashsale
