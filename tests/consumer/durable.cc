// A program of a user: sells one unit, and finds that it is sold when it opens its file again.
// Says "sold for good" if that worked.

#include <chrono>
#include <cstdio>

#include "flashsale/backend/sqlite.h"

int main(int argc, char** argv) {
  using std::chrono_literals::operator""min;
  if (argc != 2) return 2;
  const flashsale::Time start = flashsale::kMinTime + 1min;
  const flashsale::Command reserve{.verb = flashsale::Verb::kReserve,
                                   .units = 1,
                                   .user = flashsale::UserId::FromText("ada@example.com"),
                                   .id = flashsale::ReservationId::FromInteger(1)};
  for (const flashsale::Code expected : {flashsale::Code::kDone, flashsale::Code::kAlreadyDone}) {
    auto storage = flashsale::OpenSqliteStorage({.path = argv[1], .reserved_bytes = 0});
    if (!storage.ok()) {
      std::fprintf(stderr, "%s\n", storage.status().ToString().c_str());
      return 1;
    }
    flashsale::InventoryRepository& inventory = (*storage)->inventory();
    const auto created = inventory.Create({.id = "console-drop",
                                           .lines = {{.product = "console", .units = 1}},
                                           .start = start,
                                           .end = start + 30min});
    flashsale::Outcome outcome;
    if (!created.ok() ||
        !inventory.Apply("console-drop", start, {&reserve, 1}, {&outcome, 1}).ok() ||
        outcome.code != expected) {
      return 1;
    }
  }
  std::puts("sold for good");
  return 0;
}
