// A program of a user: sells one unit.  Says "flashsale <version>: sold" if that worked.

#include <array>
#include <chrono>
#include <cstdio>

#include "flashsale/backend/memory.h"
#include "flashsale/base/id.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/repository/command.h"
#include "flashsale/repository/storage.h"
#include "flashsale/version.h"

int main() {
  using std::chrono_literals::operator""min;
  const flashsale::Time start = flashsale::kMinTime + 1min;

  auto storage = flashsale::OpenMemoryStorage();
  if (!storage.ok()) return 1;
  flashsale::InventoryRepository& inventory = storage.value()->inventory();
  const auto created = inventory.Create({.id = "console-drop",
                                         .lines = {{.product = "console", .units = 1}},
                                         .start = start,
                                         .end = start + 30min});
  if (!created.ok()) return 1;

  const auto user = flashsale::UserId::FromText("ada@example.com");
  const auto id = flashsale::ReservationId::FromInteger(1);
  const std::array<flashsale::Command, 2> commands = {{
      {.verb = flashsale::Verb::kReserve, .units = 1, .user = user, .id = id},
      {.verb = flashsale::Verb::kConfirm, .user = user, .id = id},
  }};
  std::array<flashsale::Outcome, 2> outcomes;
  if (!inventory.Apply("console-drop", start, commands, outcomes).ok()) return 1;
  if (outcomes[0].code != flashsale::Code::kDone) return 1;
  if (outcomes[1].state != flashsale::ReservationState::kPurchased) return 1;

  std::printf("flashsale %d.%d.%d: sold\n", flashsale::kVersion.major_number,
              flashsale::kVersion.minor_number, flashsale::kVersion.patch_number);
  return 0;
}
