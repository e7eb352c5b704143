// One sale in memory: create it, hold a unit, pay for it, look at the stock.
#include <chrono>
#include <iostream>
#include <memory>

#include "flashsale/backend/memory.h"
#include "flashsale/base/clock.h"

int main() {
  using namespace std::chrono_literals;
  const std::unique_ptr<flashsale::Clock> clock = flashsale::NewSystemClock();
  const flashsale::Time now = clock->Now();

  auto storage = flashsale::OpenMemoryStorage();
  if (!storage.ok()) return 1;
  flashsale::InventoryRepository& inventory = (*storage)->inventory();

  const auto created = inventory.Create({.id = "ps5-drop",
                                         .lines = {{.product = "ps5", .units = 10'000}},
                                         .start = now,
                                         .end = now + 30min,
                                         .limit_per_user = 1,
                                         .hold = 5min});
  if (!created.ok()) return 1;  // created.status() names the field, its value, what was expected

  const auto user = flashsale::UserId::FromText("ann@example.org");
  const auto cart = flashsale::ReservationId::FromText("ann's cart");  // made before it is sent
  const flashsale::Command commands[] = {
      {.verb = flashsale::Verb::kReserve, .units = 1, .user = user, .id = cart},
      {.verb = flashsale::Verb::kReserve, .units = 1, .user = user, .id = cart},  // sent twice
      {.verb = flashsale::Verb::kConfirm, .user = user, .id = cart}};
  flashsale::Outcome outcomes[3];
  if (!inventory.Apply("ps5-drop", now, commands, outcomes).ok()) return 1;
  for (const flashsale::Outcome& outcome : outcomes) {
    std::cout << flashsale::ToString(outcome) << '\n';  // Done, AlreadyDone, Done
  }

  const auto stock = inventory.ReadStock("ps5-drop", now);
  if (!stock.ok()) return 1;
  std::cout << stock->lines[0].sold << " sold, " << stock->lines[0].available() << " left\n";
}
