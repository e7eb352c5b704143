#include "bench/plain_engine.h"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <memory>
#include <random>

#include "flashsale/testing/reference_model.h"

namespace flashsale::bench {
namespace {

constexpr Time kOpening = kMinTime + std::chrono::hours{1};

SaleTerms Terms() {
  return {.id = "peer",
          .lines = {{.product = "thing", .units = 12}},
          .start = kOpening,
          .end = kOpening + std::chrono::hours{1000},
          .limit_per_user = 4,
          .max_open_holds = 32,
          .hold = std::chrono::seconds{100}};
}

// Few shoppers, few ids and little stock, so that calls meet.
Command RandomCommand(std::mt19937_64& random) {
  constexpr std::array kVerbs{Verb::kReserve, Verb::kReserve, Verb::kConfirm, Verb::kCancel,
                              Verb::kExtend};
  const Verb verb = kVerbs[random() % kVerbs.size()];
  const std::uint64_t user = random() % 8;
  Command command{.verb = verb,
                  .user = UserId::FromInteger(user),
                  .id = ReservationId::FromInteger(random() % 16)};
  if (verb == Verb::kReserve) command.units = static_cast<Units>(1 + random() % 3);
  if (verb == Verb::kConfirm) command.units = static_cast<Units>(random() % 3);
  return command;
}

// The peer keeps no tombstones, and no more than 32 records are asked of it.
bool IsWithinItsScope(InventoryRepository& reference, const Command& command) {
  if (command.verb != Verb::kCancel) return true;
  return reference.Find("peer", command.user, command.id)->has_value();
}

TEST_CASE("the peer answers as the contract says") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const std::unique_ptr<Storage> storage = NewReferenceStorage();
    InventoryRepository& reference = storage->inventory();
    REQUIRE(reference.Create(Terms()).ok());
    PlainEngine peer(Terms());
    Time now = kOpening;
    for (int step = 0; step < 3'000; ++step) {
      now += std::chrono::seconds{random() % 7};
      const Command command = RandomCommand(random);
      if (!IsWithinItsScope(reference, command)) continue;
      Outcome expected;
      REQUIRE(reference.Apply("peer", now, {&command, 1}, {&expected, 1}).ok());
      Outcome outcome;
      peer.Apply(now, {&command, 1}, {&outcome, 1});
      INFO(step, " ", Name(command.verb), ": ", ToString(outcome), ", not ", ToString(expected));
      REQUIRE(outcome == expected);
    }
  }
}

TEST_CASE("the peer gives lapsed units back") {
  PlainEngine peer(Terms());
  std::array<Command, 3> commands;
  std::array<Outcome, 3> outcomes;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    commands[i] = {.verb = Verb::kReserve,
                   .units = 4,
                   .user = UserId::FromInteger(i),
                   .id = ReservationId::FromInteger(i)};
  }
  peer.Apply(kOpening, commands, outcomes);
  CHECK(peer.available() == 0);
  const Time lapsed = kOpening + Terms().hold;
  CHECK(peer.ExpireDue(lapsed - Duration{1}, 10) == 0);
  CHECK(peer.ExpireDue(lapsed, 2) == 2);
  CHECK(peer.available() == 8);
  CHECK(peer.ExpireDue(lapsed, 2) == 1);
  CHECK(peer.available() == 12);
}

}  // namespace
}  // namespace flashsale::bench
