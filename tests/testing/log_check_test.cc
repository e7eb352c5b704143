#include "flashsale/testing/log_check.h"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <memory>

#include "flashsale/testing/reference_model.h"
#include "tests/testing/lying_storage.h"

namespace flashsale {
namespace {

constexpr Time kStart{std::chrono::hours{24 * 365 * 50}};

// What is found in the log of two reserves, of which the lie tells.
std::string Check(const Lie& lie, const SaleId& sale = "drop") {
  const SaleTerms terms{.id = "drop",
                        .lines = {{.product = "thing", .units = 2}},
                        .start = kStart,
                        .end = kStart + std::chrono::hours{1}};
  LyingStorage storage(NewReferenceStorage(), lie);
  InventoryRepository& inventory = storage.inventory();
  REQUIRE(inventory.Create(terms).ok());
  std::array<Command, 2> commands;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    commands[i] = {.verb = Verb::kReserve,
                   .units = 1,
                   .user = UserId::FromInteger(i + 1),
                   .id = ReservationId::FromInteger(1)};
  }
  std::array<Outcome, 2> outcomes;
  REQUIRE(inventory.Apply("drop", kStart, commands, outcomes).ok());
  SaleTerms asked = terms;
  asked.id = sale;
  return CheckLog(inventory, asked);
}

TEST_CASE("a lawful log is found so") { CHECK(Check({}).empty()); }

TEST_CASE("an event that cannot follow the others is named") {
  const std::string complaint = Check({.event = [](Event& event) {
    if (event.seq == 2) event.units = 2;
  }});
  CHECK_MESSAGE(complaint.starts_with("seq 2: "), complaint);
}

TEST_CASE("the log of no sale is an error that says so") {
  CHECK(Check({}, "other").starts_with("ReadEvents: "));
}

}  // namespace
}  // namespace flashsale
